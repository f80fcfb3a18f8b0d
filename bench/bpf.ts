// SPDX-License-Identifier: Apache-2.0
/** The run time of the BPF programs, compared with the compactions that they observe. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_NODE0, compact, populatedZones } from '../harness/host.ts';
import { readEvents, startAgent } from './agent.ts';
import { ProgramCounters, RING_THREAD, switches, switchesSince } from './proc.ts';
import type { Row } from './report.ts';
import { median, overRounds, sum } from './statistics.ts';

const ROUNDS = 5;
/** The number of writes. Each gives one pair per zone, 303 with three. */
export const BURST_WRITES = 101;
const SINGLE_WRITES = 11;
/** A pause after which the agent's reader sleeps again: it naps twice for 50 ms. */
const SINGLE_PAUSE_MS = 250;
/** A duration between the compaction of the smallest zone and that of any other. */
const LONG = '100us';
/** With metrics, the kernel adds up all compactions. */
const METRICS = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0' };

/** A sample: one write, and so a pair for each zone. */
export interface Write {
  beginNs: number;
  endNs: number;
  /** Whether another process compacted meanwhile; the counters cannot distinguish the runs. */
  disturbed: boolean;
}

interface Series {
  pairs: number;
  /** Per pair. */
  beginNs: number;
  endNs: number;
  /** The same for the median write, which a lost CPU cannot spoil. */
  medianNs: number;
  /** BPF run time in percent of the compactions' own time. */
  percent: number;
  wakeUps: number;
  disturbed: number;
}

interface Round {
  burst: Series;
  single: Series;
  /** Median duration by zone. */
  durations: Map<string, number>;
}

export async function measureBpf(folder: string): Promise<Row[]> {
  const none: Round[] = [];
  const aggregates: Round[] = [];
  const event: Round[] = [];
  const long: Round[] = [];
  // Both alternate, so that a slow minute of the machine affects both.
  for (let i = 0; i < ROUNDS; i++) {
    none.push(await round(['--stack', 'none'], join(folder, `none-${i}.json`)));
    aggregates.push(await round(['--stack', 'none'], join(folder, `aggregates-${i}.json`), METRICS));
    event.push(await round(['--stack-budget', 'off'], join(folder, `event-${i}.json`)));
    long.push(await round(['--stack', 'event', '--stack-min-duration', LONG], join(folder, `long-${i}.json`)));
  }
  return [
    ...rows('without stacks', none, '2.5 us'),
    ...pairRows('without stacks, with metrics', aggregates),
    ...rows('with stacks', event, '10 us'),
    ...pairRows(`with stacks from ${LONG} on`, long),
    ...zoneRows(none),
  ];
}

async function round(options: readonly string[], file: string, env = {}): Promise<Round> {
  const pairsPerWrite = zonesOfNode0();
  const pid = String(process.pid);
  const output = ['--output', `json:${file}`, '--pid', pid, '--max-spans-per-second', 'off'];
  const agent = await startAgent(['--verbose', ...output, ...options], env);
  // The agent prints "attached" a little before the sinks are ready, and loading their code is not idle.
  await sleep(1000);
  const counters = new ProgramCounters(agent.pid);
  const ringSwitches = () => switchesSince(new Map(), switches(agent.pid)).get(RING_THREAD) ?? 0;

  const start = ringSwitches();
  const burst = measuredWrites(counters, BURST_WRITES);
  await sleep(SINGLE_PAUSE_MS);
  const middle = ringSwitches();
  const single: Write[] = [];
  for (let i = 0; i < SINGLE_WRITES; i++) {
    single.push(measuredWrite(counters, pairsPerWrite));
    await sleep(SINGLE_PAUSE_MS);
  }
  const end = ringSwitches();
  await agent.stop();

  const events = readEvents(file);
  const expected = (BURST_WRITES + SINGLE_WRITES) * pairsPerWrite;
  if (events.length !== expected) throw new Error(`${events.length} events instead of ${expected}`);
  const durations = events.map(({ durationNano }) => durationNano);
  const split = BURST_WRITES * pairsPerWrite;
  return {
    burst: series(burst, durations.slice(0, split), middle - start),
    single: series(single, durations.slice(split), end - middle),
    durations: new Map(
      [...new Set(events.map(({ zone }) => zone))].map((zone) => [
        zone,
        median(events.filter((event) => event.zone === zone).map(({ durationNano }) => durationNano)),
      ]),
    ),
  };
}

/** Writes in a row. */
export function measuredWrites(counters: ProgramCounters, writes: number): Write[] {
  const pairs = zonesOfNode0();
  return Array.from({ length: writes }, () => measuredWrite(counters, pairs));
}

/** The pairs of a write. */
export const zonesOfNode0 = () => populatedZones().filter(({ node }) => node === 0).length;

function measuredWrite(counters: ProgramCounters, pairs: number): Write {
  const before = counters.read();
  compact(COMPACT_NODE0, 1);
  const after = counters.read();
  return {
    beginNs: after.begin.ns - before.begin.ns,
    endNs: after.end.ns - before.end.ns,
    disturbed: after.begin.runs - before.begin.runs !== pairs || after.end.runs - before.end.runs !== pairs,
  };
}

/** @param durations the durations of all compactions of all writes, in order */
function series(all: readonly Write[], durations: readonly number[], wakeUps: number): Series {
  const perWrite = durations.length / all.length;
  const writes = all.filter(({ disturbed }) => !disturbed);
  if (writes.length < all.length / 2)
    throw new Error('others compact memory all the time; the figures would be theirs');
  const pairs = writes.length * perWrite;
  const beginNs = sum(writes.map((write) => write.beginNs));
  const endNs = sum(writes.map((write) => write.endNs));
  const compactionNs = sum(durations.filter((_, i) => !all[Math.floor(i / perWrite)]!.disturbed));
  return {
    pairs,
    beginNs: beginNs / pairs,
    endNs: endNs / pairs,
    medianNs: median(writes.map((write) => write.beginNs + write.endNs)) / perWrite,
    percent: ((beginNs + endNs) / compactionNs) * 100,
    wakeUps,
    disturbed: all.length - writes.length,
  };
}

const us = (ns: number) => `${(ns / 1000).toFixed(2)} us`;
const percent = (value: number) => `${value.toFixed(3)} %`;

const of = (rounds: readonly Round[], value: (round: Round) => number, format = us) =>
  overRounds(rounds, value, format);

function rows(how: string, rounds: readonly Round[], budget: string): Row[] {
  const pairs = sum(rounds.map(({ burst }) => burst.pairs));
  const single = sum(rounds.map(({ single: { pairs } }) => pairs));
  return [
    { what: `BPF begin program, ${how} (${pairs} pairs)`, ...of(rounds, ({ burst }) => burst.beginNs) },
    { what: `BPF end program, ${how}`, ...of(rounds, ({ burst }) => burst.endNs) },
    ...pairRows(how, rounds, `about ${budget}`),
    {
      what: `wake-ups of the reader per ${BURST_WRITES} writes in a row, ${how}`,
      ...of(rounds, (r) => r.burst.wakeUps, String),
    },
    {
      what: `BPF per pair, ${how}, one write each ${SINGLE_PAUSE_MS} ms (${single} pairs)`,
      ...of(rounds, (r) => r.single.beginNs + r.single.endNs),
    },
    {
      what: `wake-ups of the reader per ${SINGLE_WRITES} such writes, ${how}`,
      ...of(rounds, (r) => r.single.wakeUps, String),
    },
  ];
}

function pairRows(how: string, rounds: readonly Round[], budget?: string): Row[] {
  return [
    {
      what: `**BPF per pair, ${how}**`,
      ...of(rounds, ({ burst }) => burst.beginNs + burst.endNs),
      ...(budget && { budget }),
    },
    { what: `BPF per pair of the median write, ${how}`, ...of(rounds, ({ burst }) => burst.medianNs) },
    {
      what: `BPF run time of the compactions' own time, ${how}`,
      ...of(rounds, ({ burst }) => burst.percent, percent),
      budget: '1 %',
    },
  ];
}

function zoneRows(rounds: readonly Round[]): Row[] {
  return [...rounds[0]!.durations.keys()].map((zone) => ({
    what: `those compactions themselves, zone ${zone}`,
    ...of(rounds, ({ durations }) => durations.get(zone)!),
  }));
}
