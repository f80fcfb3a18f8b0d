// SPDX-License-Identifier: Apache-2.0
/** The run time of the BPF programs per pair, of two builds in turns. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeHostSmall } from '../harness/small-host.ts';
import { startAgent } from './agent.ts';
import { BURST_WRITES, measuredWrites, zonesOfNode0 } from './bpf.ts';
import { type Builds, type Comparison, inTurns } from './comparison.ts';
import { ProgramCounters } from './proc.ts';
import { median, sum } from './statistics.ts';
import { Programs } from './vm/guest/programs.ts';

const FRAGMENT = fileURLToPath(new URL('../harness/programs/fragment/build/fragment', import.meta.url));
const ROUNDS = 7;
const STORM_ROUNDS = 5;
/** The agent prints "attached" a little before its outputs are ready. */
const READY_MS = 1000;

const us = (ns: number) => `${(ns / 1000).toFixed(2)} us`;

/** Writes in a row to node 0's compact file. */
export async function versusBpf(builds: Builds, folder: string): Promise<Comparison[]> {
  const rows: Comparison[] = [];
  for (const [how, stack, target] of [
    ['without stacks', 'none', 0.7],
    ['with stacks', 'event', 0.85],
  ] as const) {
    const rounds = await inTurns(builds, ROUNDS, (command) => burst(command, ['--stack', stack], folder));
    const row = (what: string, value: (round: Burst) => number) => ({
      what: `${what}, ${how}`,
      other: rounds.other.map(value),
      ours: rounds.ours.map(value),
      format: us,
    });
    rows.push(
      { ...row('BPF per pair', (round) => round.beginNs + round.endNs), target },
      row('of the median write', (round) => round.medianNs),
      row('begin program', (round) => round.beginNs),
      row('end program', (round) => round.endNs),
    );
  }
  return rows;
}

/** All per pair. */
interface Burst {
  beginNs: number;
  endNs: number;
  medianNs: number;
}

async function burst(command: string, options: readonly string[], folder: string): Promise<Burst> {
  const agent = await start(command, folder, '--pid', String(process.pid), ...options);
  const writes = measuredWrites(new ProgramCounters(agent.pid), BURST_WRITES).filter(({ disturbed }) => !disturbed);
  await agent.stop();
  if (writes.length < BURST_WRITES / 2) throw new Error('others compact memory all the time');
  const zones = zonesOfNode0();
  const perPair = (values: readonly number[]) => sum(values) / values.length / zones;
  return {
    beginNs: perPair(writes.map(({ beginNs }) => beginNs)),
    endNs: perPair(writes.map(({ endNs }) => endNs)),
    medianNs: median(writes.map(({ beginNs, endNs }) => beginNs + endNs)) / zones,
  };
}

/** Huge pages on fragmented memory, with the options that a user has who gives none but a place for the spans. */
export async function versusStorm(builds: Builds, folder: string): Promise<Comparison[]> {
  const putBack = makeHostSmall();
  try {
    await fragment();
    const { other, ours } = await inTurns(builds, STORM_ROUNDS, (command) => storm(command, folder));
    const pairs = sum([...other, ...ours].map((round) => round.pairs));
    const perPair = ({ ns, pairs }: Storm) => ns / pairs;
    return [
      {
        what: `BPF per pair, a storm of direct compactions (${pairs} pairs)`,
        other: other.map(perPair),
        ours: ours.map(perPair),
        format: us,
        target: 0.5,
      },
    ];
  } finally {
    await putBack();
  }
}

interface Storm {
  pairs: number;
  /** Of all programs. */
  ns: number;
}

async function storm(command: string, folder: string): Promise<Storm> {
  const agent = await start(command, folder);
  const programs = new Programs(agent.pid);
  const counters = new ProgramCounters(agent.pid);
  const before = { ns: programs.runTimeNs(), pairs: counters.read().end.runs };
  await fragment();
  const after = { ns: programs.runTimeNs(), pairs: counters.read().end.runs };
  await agent.stop();
  return { pairs: after.pairs - before.pairs, ns: after.ns - before.ns };
}

const fragment = () => promisify(execFile)(FRAGMENT, ['-r', '1']);

async function start(command: string, folder: string, ...options: string[]) {
  const agent = await startAgent(
    ['--verbose', '--output', `json:${join(folder, 'events.json')}`, ...options],
    {},
    command,
  );
  await sleep(READY_MS);
  return agent;
}
