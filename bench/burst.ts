// SPDX-License-Identifier: Apache-2.0
/**
 * A burst of compactions that an agent finds in its ring all at once, with the limit for spans and without. The agent is stopped
 * while a storm of direct compactions fills the ring, which is large enough for all.
 */
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { COMPACT_NODE0, compact, populatedZones } from '../harness/host.ts';
import { startCollector } from '../harness/receivers/receivers.ts';
import { hugePagesOf, makeHostSmall } from '../harness/small-host.ts';
import { startAgent } from './agent.ts';
import { memory, ProgramCounters } from './proc.ts';
import { table } from './report.ts';
import { FRAGMENT } from './stacks.ts';

const BURST = Number(process.env.COMPACTSTALL_BENCH_BURST ?? 100_000);
const LIMITS = ['200', 'off'];
const SIZE_KB = 64;
const LOOP = new URL('event-loop.mjs', import.meta.url).href;
const WRITES = 3;
/** The time until an agent has sent what it has read, and V8 has finished its own work. */
const SETTLE_MS = 10_000;

export async function measureBurst(folder: string): Promise<string> {
  const sizes = hugePagesOf(SIZE_KB);
  if (!existsSync(sizes.file)) throw new Error(`this kernel has no huge pages of ${SIZE_KB} kB`);
  const putBack = makeHostSmall();
  const rows: string[][] = [];
  try {
    const putBackSizes = sizes.allow();
    try {
      for (const limit of LIMITS) rows.push(await burst(limit, folder));
    } finally {
      await putBackSizes();
    }
  } finally {
    await putBack();
  }
  const head = ['`--max-spans-per-second`', 'compactions', 'spans that arrived', 'not recorded', 'other losses'];
  return table([...head, 'event loop blocked at most', 'anonymous memory before', 'at most', 'after'], rows);
}

/** Throws when the books do not balance, or when what arrived is not what they say. */
async function burst(limit: string, folder: string): Promise<string[]> {
  const collector = await startCollector({ spansFile: join(folder, `burst-${limit}.json`) });
  const agent = await startAgent(
    ['--verbose', '--output', 'otlp', '--ring-size', '128M', '--max-spans-per-second', limit],
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, NODE_OPTIONS: `--import=${LOOP}` },
  );
  compact(COMPACT_NODE0, WRITES);
  await collector.waitForSpans(WRITES * populatedZones().filter(({ node }) => node === 0).length, 20_000);
  await sleep(SETTLE_MS);
  const { anonymousBytes: before } = memory(agent.pid);
  const counters = new ProgramCounters(agent.pid);
  const first = counters.read().end.runs;
  process.kill(agent.pid, 'SIGSTOP');
  try {
    while (counters.read().end.runs - first < BURST) {
      await promisify(execFile)(FRAGMENT, ['-r', '1', '-s', String(SIZE_KB)]);
    }
  } finally {
    process.kill(agent.pid, 'SIGUSR2');
    process.kill(agent.pid, 'SIGCONT');
  }
  let most = 0;
  for (const endMs = performance.now() + 2 * SETTLE_MS; performance.now() < endMs; await sleep(5)) {
    most = Math.max(most, memory(agent.pid).anonymousBytes);
  }
  const { anonymousBytes: after } = memory(agent.pid);
  // With losses its exit code is 4, which is no failure here.
  await agent.stop().catch((error) => {
    if (!/ended with exit code 4\./.test(String(error))) throw error;
  });
  await collector.stop();

  const log = agent.log();
  const arrived = new Set(collector.spans().map(({ span }) => span.spanId)).size;
  rmSync(collector.spansFile);
  const number = (pattern: RegExp) => Number(pattern.exec(log)?.[1] ?? 0);
  const exported = number(/= (\d+) exported by otlp/);
  if (log.includes('DOES NOT BALANCE') || exported !== arrived) throw new Error(`${arrived} spans arrived:\n${log}`);
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    limit,
    String(number(/^ {2}paired +(\d+) = \d+ emitted/m)),
    String(arrived),
    String(number(/(\d+) filtered\{rate\}/)),
    String(number(/\d+ compactions?, (\d+) lost/)),
    `${number(/event loop: ([\d.]+) ms/)} ms`,
    ...[before, most, after].map(mb),
  ];
}
