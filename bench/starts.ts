// SPDX-License-Identifier: Apache-2.0
/** What agents do while processes start and end at once, and how soon they find one that publishes its spans and lives on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../harness/child.ts';
import { COMPACT_NODE0 } from '../harness/host.ts';
import { childrenOf } from '../harness/processes.ts';
import { COMMAND, readEvents } from './agent.ts';
import { PidNamespace } from './pid-namespace.ts';
import { cpuNs, switches, switchesSince } from './proc.ts';
import type { Row } from './report.ts';
import { overRounds, sum } from './statistics.ts';

const path = (relative: string) => fileURLToPath(new URL(`../harness/programs/${relative}`, import.meta.url));
const STARTS = path('starts/build/starts');
/** Publishes its spans in a variable, and calls nothing that would announce it. */
const SILENT = path('publishers/build/lives');
/** Publishes in the variable of a library. */
const LATE = path('publishers/build/lives-opens');
const LIBRARY = path('publishers/build/glibc/library-gd.so');

/** Starts of /bin/true a second. */
export const RATES = [20, 50, 300];
/** The first starts after a quiet time are looked at one by one. */
const LEAD_MS = 4000;
const SECONDS = 10;
const ROUNDS = 5;
/** The time until an agent is idle; see idle.ts. */
export const SETTLE_MS = 10_000;
/** From one publisher to the next: no look at one is one at the next. */
const APART_MS = 2000;
export const NEVER_MS = 2000;
/** A limit that is never reached. */
const LONGEST_SECONDS = 3600;

export interface Cost {
  /** CPU time in nanoseconds a second. */
  agentNs: number;
  proberNs: number;
  /** Of all threads of the agent, a second. */
  wakeUps: number;
}

/** Starts processes all the time while the work is done. */
async function during<T>(perSecond: number, work: () => Promise<T>, under: readonly string[] = []): Promise<T> {
  const command = [...under, STARTS, String(perSecond), String(perSecond * LONGEST_SECONDS), '/bin/true'];
  const starter = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(starter, 'exit');
  try {
    await sleep(LEAD_MS);
    if (starter.exitCode !== null) throw new Error(`${STARTS} ended with exit code ${starter.exitCode}`);
    return await work();
  } finally {
    starter.kill();
    await ended;
  }
}

/** The rows of a host on which nothing else happens. */
export async function measureStarts(): Promise<Row[]> {
  const namespace = await PidNamespace.make();
  const agent = await namespace.startAgent(['--output', 'json', '--trigger', 'manual'], COMMAND);
  await sleep(SETTLE_MS);
  const rows: Row[] = [];
  for (const rate of RATES) {
    const rounds: Cost[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(...(await costsOf(namespace, [agent], rate)));
    const row = (what: string, value: (cost: Cost) => number, format: (value: number) => string) => ({
      what: `${rate} starts a second: ${what}`,
      ...overRounds(rounds, value, format),
    });
    rows.push(
      row('CPU time of the agent', ({ agentNs }) => agentNs, share),
      row('CPU time of the prober', ({ proberNs }) => proberNs, share),
      { ...row('wake-ups of the agent per second', ({ wakeUps }) => wakeUps, tenths), budget: '1' },
    );
  }
  await namespace.end();
  return rows;
}

/** The share of a core. */
export const share = (nsPerSecond: number) => `${(nsPerSecond / 1e7).toFixed(2)} %`;
export const tenths = (value: number) => value.toFixed(1);

/**
 * The cost of agents that run at the same time, so that they see the same processes.
 * @param agents their pids, in the namespace
 */
export function costsOf(namespace: PidNamespace, agents: readonly number[], perSecond: number): Promise<Cost[]> {
  return during(perSecond, () => Promise.all(agents.map(costOf)), namespace.forChildren);
}

async function costOf(agent: number): Promise<Cost> {
  const probers = childrenOf(agent).flatMap(childrenOf);
  if (probers.length === 0) throw new Error('the agent has no prober');
  const read = () => ({ agent: cpuNs(agent), prober: sum(probers.map(cpuNs)), switches: switches(agent) });
  const before = read();
  await sleep(SECONDS * 1000);
  const after = read();
  return {
    agentNs: (after.agent - before.agent) / SECONDS,
    proberNs: (after.prober - before.prober) / SECONDS,
    wakeUps: sum([...switchesSince(before.switches, after.switches).values()]) / SECONDS,
  };
}

/**
 * How long after its start, or its publication, a process may stall for the first time so that an agent finds its span. One that
 * stalled without is looked at because of that, so each time is tried with a new process. Halves the delays that are left.
 * @param files the outputs of agents as JSON
 * @returns milliseconds, for each agent; NEVER_MS when it takes longer
 */
export function timesToSpan(files: readonly string[], perSecond: number, announced: boolean): Promise<number[]> {
  const delays = delaysToTry(announced ? 10 : 50);
  const search = async () => {
    // The first delay with a span, of each agent, is from `least` to `most`, where `most` may be none of them.
    const ranges = files.map((file) => ({ file, least: 0, most: delays.length }));
    for (;;) {
      const open = ranges.find(({ least, most }) => least < most);
      if (!open) return ranges.map(({ least }) => delays[least] ?? NEVER_MS);
      const middle = Math.floor((open.least + open.most) / 2);
      const pid = await stallsAfter(delays[middle]!, announced);
      for (const range of ranges) {
        if (middle < range.least || middle >= range.most) continue;
        if (await hasSpan(range.file, pid)) range.most = middle;
        else range.least = middle + 1;
      }
    }
  };
  return perSecond === 0 ? search() : during(perSecond, search);
}

/** Up to NEVER_MS, a fifth more each time. */
function delaysToTry(step: number): number[] {
  const delays: number[] = [];
  for (let ms = step; ms < NEVER_MS; ms = Math.round(ms + Math.max(step, ms / 5))) delays.push(ms);
  return delays;
}

/** Starts a publisher that stalls once, so long after its start or its publication. @returns its pid */
async function stallsAfter(ms: number, announced: boolean): Promise<number> {
  let began = performance.now();
  const words = ['--pdeathsig', 'KILL', announced ? LATE : SILENT, COMPACT_NODE0];
  const publisher = spawn('setpriv', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: publisher.stdout });
  const tell = (command: string) => {
    publisher.stdin.write(`${command}\n`);
    return once(lines, 'line');
  };
  if (announced) {
    await tell(`open ${LIBRARY}`);
    await tell('announce');
    began = performance.now();
  }
  await sleep(Math.max(0, began + ms - performance.now()));
  await tell('stall 1');
  publisher.stdin.end();
  await Promise.all([once(publisher, 'exit'), sleep(APART_MS)]);
  return publisher.pid!;
}

async function hasSpan(file: string, pid: number): Promise<boolean> {
  const stalls = await waitUntil(
    () => {
      const own = readEvents(file).filter((event) => event.pid === pid);
      return own.length > 0 ? own : undefined;
    },
    10_000,
    () => `no stall of process ${pid} in ${file}`,
  );
  return stalls.every(({ context }) => context !== undefined);
}
