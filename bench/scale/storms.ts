// SPDX-License-Identifier: Apache-2.0
/** How many compactions a second a node has in a storm, and how many of them become spans, by the limit. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { COMPACT_NODE0, compact } from '../../harness/host.ts';
import { hugePagesOf, makeHostSmall } from '../../harness/small-host.ts';
import { type AgentEvent, type CompactionEvent, isCompaction } from '../../src/event/event.ts';
import { startAgent } from '../agent.ts';
import { table } from '../report.ts';
import { FRAGMENT } from '../stacks.ts';
import { sum } from '../statistics.ts';

const LIMITS = ['off', '200', '20'];
const SIZE_KB = 64;
const WRITES = 400;
/** The agent prints "attached" a little before its outputs are ready. */
const READY_MS = 1000;

interface Storm {
  name: string;
  limit: string;
  events: CompactionEvent[];
  notRecorded: number;
}

export interface Storms {
  text: string;
  /** The spans of the storms without a limit: direct compactions, with their stacks. */
  direct: CompactionEvent[];
}

export async function measureStorms(folder: string): Promise<Storms> {
  const storms: Storm[] = [];
  const putBack = makeHostSmall();
  const sizes = hugePagesOf(SIZE_KB);
  const putBackSizes = existsSync(sizes.file) ? sizes.allow() : () => Promise.resolve();
  const faults = async () => void (await promisify(execFile)(FRAGMENT, ['-r', '2', '-s', String(SIZE_KB)]));
  try {
    await faults();
    for (const limit of LIMITS) storms.push(await storm('faults of huge pages', limit, faults, folder));
  } finally {
    await putBackSizes();
    await putBack();
  }
  const writes = async () => compact(COMPACT_NODE0, WRITES);
  for (const limit of LIMITS) storms.push(await storm('a loop of writes', limit, writes, folder));
  const direct = storms[0]!.events.filter(({ trigger }) => trigger === 'direct');
  return { text: stormsTable(storms), direct };
}

async function storm(name: string, limit: string, load: () => Promise<void>, folder: string): Promise<Storm> {
  const file = join(folder, `storm-${process.hrtime.bigint()}.json`);
  const options = ['--ring-size', '16M', '--max-spans-per-second', limit];
  const agent = await startAgent([...options, '--output', `json:${file}`]);
  await sleep(READY_MS);
  await load();
  await agent.stop();
  const lines = readFileSync(file, 'utf8').split('\n');
  const all: AgentEvent[] = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  const events = all.filter(isCompaction);
  const gaps = all.filter((event) => !isCompaction(event));
  return { name, limit, events, notRecorded: sum(gaps.map(({ count }) => count)) };
}

function stormsTable(storms: readonly Storm[]): string {
  const head = ['load', '`--max-spans-per-second`', 'compactions', 'lasting', 'a second', 'spans', 'of these'];
  const rows = storms.map(({ name, limit, events, notRecorded }) => {
    const begins = events.map(({ startUnixNano }) => Number(BigInt(startUnixNano) / 1000n) / 1e6);
    const seconds = begins.reduce((a, b) => Math.max(a, b), 0) - begins.reduce((a, b) => Math.min(a, b), Infinity);
    const compactions = events.length + notRecorded;
    const byTrigger = Object.entries(Object.groupBy(events, ({ trigger }) => trigger));
    const triggers = byTrigger.map(([trigger, list]) => `${trigger} ${list.length}`).join(', ');
    return [
      ...[name, limit, String(compactions), `${seconds.toFixed(1)} s`, (compactions / seconds).toFixed(0)],
      ...[String(events.length), triggers],
    ];
  });
  return table(head, rows);
}
