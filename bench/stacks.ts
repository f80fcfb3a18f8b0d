// SPDX-License-Identifier: Apache-2.0
/** The budget for stacks in storms of direct compactions: what stacks take, and how many are taken. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hugePagesOf, makeHostSmall } from '../harness/small-host.ts';
import { readEvents, startAgent } from './agent.ts';
import { ProgramCounters } from './proc.ts';
import { table } from './report.ts';
import { median, sum } from './statistics.ts';

/** Not by fragment.ts, which is for tests. */
export const FRAGMENT = fileURLToPath(new URL('../harness/programs/fragment/build/fragment', import.meta.url));
const ROUNDS = 3;
/** 100% takes every stack, as `off` does, but measures them. */
const SHARES = ['100%', '1%', '0.1%'];
const SIZES_KB = [2048, 64];
/** The agent prints "attached" a little before its outputs are ready. */
const READY_MS = 1000;

interface Storm {
  durations: number[];
  withStack: number;
  /** Of the compactions' own time, in percent. */
  percent: number;
  /** The end program, for each compaction. */
  endNs: number;
}

export async function measureStacks(folder: string): Promise<string> {
  const rows: string[][] = [];
  const putBack = makeHostSmall();
  try {
    for (const size of SIZES_KB) {
      const sizes = hugePagesOf(size);
      if (!existsSync(sizes.file)) continue;
      const putBackSizes = sizes.allow();
      try {
        await fragment(size);
        const rounds = SHARES.map((): Storm[] => []);
        for (let i = 0; i < ROUNDS; i++) {
          for (const [j, share] of SHARES.entries()) rounds[j]!.push(await storm(share, size, folder));
        }
        rows.push(...SHARES.map((share, i) => row(size, share, rounds[i]!)));
      } finally {
        await putBackSizes();
      }
    }
  } finally {
    await putBack();
  }
  const head = ['huge pages', '`--stack-budget`', 'compactions', 'median', 'mean', 'with stack'];
  return table([...head, "stacks, of the compactions' own time", 'end program'], rows);
}

function row(size: number, share: string, rounds: readonly Storm[]): string[] {
  const durations = rounds.flatMap((round) => round.durations);
  const us = (ns: number) => `${(ns / 1000).toFixed(0)} us`;
  const range = (values: readonly number[], format: (value: number) => string) =>
    `${format(Math.min(...values))} - ${format(Math.max(...values))}`;
  return [
    size < 1024 ? `${size} kB` : `${size / 1024} MB`,
    share,
    String(durations.length),
    us(median(durations)),
    us(sum(durations) / durations.length),
    `${((sum(rounds.map(({ withStack }) => withStack)) / durations.length) * 100).toFixed(0)} %`,
    range(
      rounds.map(({ percent }) => percent),
      (percent) => `${percent.toFixed(2)} %`,
    ),
    range(
      rounds.map(({ endNs }) => endNs),
      (ns) => `${(ns / 1000).toFixed(1)} us`,
    ),
  ];
}

const fragment = (size: number) => promisify(execFile)(FRAGMENT, ['-r', '2', '-s', String(size)]);

async function storm(share: string, size: number, folder: string): Promise<Storm> {
  const file = join(folder, `stacks-${size}-${share}-${process.hrtime.bigint()}.json`);
  const options = ['--verbose', '--ring-size', '16M', '--max-spans-per-second', 'off', '--stack-budget', share];
  const agent = await startAgent([...options, '--output', `json:${file}`]);
  await sleep(READY_MS);
  const counters = new ProgramCounters(agent.pid);
  const before = counters.read().end;
  await fragment(size);
  const after = counters.read().end;
  await agent.stop();
  const events = readEvents(file);
  return {
    durations: events.map(({ durationNano }) => durationNano),
    withStack: events.filter(({ stack }) => stack.length > 0).length,
    percent: Number(/stacks +took .* ms, (.*) % of/.exec(agent.log())![1]),
    endNs: (after.ns - before.ns) / (after.runs - before.runs),
  };
}
