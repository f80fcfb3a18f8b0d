// SPDX-License-Identifier: Apache-2.0
/**
 * CPU time of a span on the live path: records in the ring, decoded, sent over gRPC, accepted by a real Collector. An application with
 * NodeSDK sends the same spans in turns.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Child } from '../harness/child.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../harness/host.ts';
import { descriptorsOf } from '../harness/processes.ts';
import { startCollector } from '../harness/receivers/receivers.ts';
import { COMMAND, startAgent } from './agent.ts';
import { memory } from './proc.ts';
import { recordEvents } from './recording.ts';
import type { Row } from './report.ts';
import { overRounds } from './statistics.ts';

export const ROUNDS = Number(process.env.COMPACTSTALL_BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.COMPACTSTALL_BENCH_SECONDS ?? 60);
const FEEDER = fileURLToPath(new URL('../harness/programs/feeder/build/feeder', import.meta.url));
const SENDER = fileURLToPath(new URL('sdk-sender.ts', import.meta.url));
const LOOP = new URL('event-loop.mjs', import.meta.url).href;
const WRITES = 3;
/** The time until an agent has sent what it has read, and V8 has finished its own work. */
const SETTLE_MS = 4000;

export interface Load {
  name: string;
  perSecond: number;
  count: number;
}

export const LOADS: readonly Load[] = [
  { name: `2 000 a second for ${SECONDS} s`, perSecond: 2000, count: 2000 * SECONDS },
  // Per second 0: the ring is kept full.
  { name: 'a burst of 100 000', perSecond: 0, count: 100_000 },
];

interface Round {
  ours: Live;
  sdkUs: number;
}

export async function measureSpans(folder: string): Promise<Row[]> {
  const recording = join(folder, 'span-events.json');
  await recordEvents(recording);
  const rows: Row[] = [];
  for (const load of LOADS) {
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      rounds.push({ ours: await live(COMMAND, load, folder), sdkUs: await stock(recording, load, folder) });
    }
    const row = (what: string, value: (round: Round) => number, format: (value: number) => string) => ({
      what: `${load.name}: ${what}`,
      ...overRounds(rounds, value, format),
    });
    rows.push(
      row('CPU time of a span', ({ ours }) => ours.cpuUs, us),
      row('CPU time of a span, NodeSDK', ({ sdkUs }) => sdkUs, us),
      { ...row('ratio', ({ ours, sdkUs }) => ours.cpuUs / sdkUs, hundredths), budget: '0.13' },
      row('anonymous memory at the end', ({ ours }) => ours.anonymousBytes, mb),
    );
    if (load.perSecond > 0) continue;
    const blocks: number[] = [];
    for (let i = 0; i < ROUNDS; i++) blocks.push(await longestBlock(COMMAND, load, folder));
    const what = `${load.name}: the event loop is blocked for at most`;
    rows.push({ what, ...overRounds(blocks, (value) => value, ms), budget: '50 ms' });
  }
  return rows;
}

export const us = (value: number) => `${value.toFixed(1)} us`;
export const ms = (value: number) => `${value.toFixed(1)} ms`;
export const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
export const hundredths = (value: number) => value.toFixed(2);

export interface Live {
  /** Per span. */
  cpuUs: number;
  anonymousBytes: number;
  /** What the agent said. */
  log: string;
}

interface LiveSettings {
  env?: Record<string, string>;
  options?: readonly string[];
  onAttached?: (agent: Child) => Promise<void>;
}

/** Throws unless every record that was put into the ring arrived as a span. */
export async function live(
  command: string,
  { perSecond, count }: Load,
  folder: string,
  { env = {}, options: more = [], onAttached }: LiveSettings = {},
) {
  const collector = await startCollector({ spansFile: join(folder, `spans-${randomUUID()}.json`) });
  const options = ['--output', 'otlp', '--pid', String(process.pid), ...more];
  // A burst has to fit into the queue: a span that is dropped costs less.
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_MAX_QUEUE_SIZE: String(2 * count) };
  const agent = await startAgent(options, { ...settings, ...env }, command);
  await onAttached?.(agent);
  compact(COMPACT_NODE0, WRITES);
  const first = WRITES * populatedZones().filter(({ node }) => node === 0).length;
  await collector.waitForSpans(first, 20_000);
  await sleep(SETTLE_MS);
  if (env.NODE_OPTIONS) process.kill(agent.pid, 'SIGUSR2');
  const before = cpuUs(agent.pid);
  await promisify(execFile)(FEEDER, [ringOf(agent.pid), String(perSecond), String(count)]);
  await sleep(SETTLE_MS);
  const used = cpuUs(agent.pid) - before;
  const { anonymousBytes } = memory(agent.pid);
  await end(agent);
  await collector.stop();
  const arrived = await spansIn(collector.spansFile);
  rmSync(collector.spansFile);
  if (arrived !== first + count) throw new Error(`${arrived} spans arrived of ${first + count}:\n${agent.log()}`);
  return { cpuUs: used / count, anonymousBytes, log: agent.log() };
}

/** The records that were put into its ring are not in the kernel's books, so these do not balance. */
async function end(agent: Child): Promise<void> {
  await agent.stop().catch((error: Error) => {
    if (!error.message.includes('ended with exit code 4')) throw error;
  });
}

/** The CPU time of a span that NodeSDK and the stock exporter send. */
async function stock(recording: string, { perSecond, count }: Load, folder: string): Promise<number> {
  const collector = await startCollector({ spansFile: join(folder, `spans-${randomUUID()}.json`) });
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [SENDER, recording, String(perSecond), String(count)],
    {
      env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_METRICS_EXPORTER: 'none' },
    },
  );
  await collector.stop();
  const arrived = await spansIn(collector.spansFile);
  rmSync(collector.spansFile);
  if (arrived !== count) throw new Error(`${arrived} spans of NodeSDK arrived of ${count}:\n${stderr}`);
  return Number(/usage: (\d+) us/.exec(stderr)![1]) / count;
}

/** For how long an agent's event loop is blocked at most, by its own monitor, which costs CPU time. */
export async function longestBlock(command: string, load: Load, folder: string): Promise<number> {
  const { log } = await live(command, load, folder, { env: { NODE_OPTIONS: `--import=${LOOP}` } });
  return Number(/event loop: (\S+) ms/.exec(log)![1]);
}

/** User and system time of all threads, also of those that have ended. */
function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** The id of the ring buffer that an agent reads. */
function ringOf(pid: number): string {
  for (const text of descriptorsOf(pid).values()) {
    // BPF_MAP_TYPE_RINGBUF
    if (/^map_type:\s+27$/m.test(text)) return /^map_id:\s+(\d+)$/m.exec(text)![1]!;
  }
  throw new Error(`process ${pid} has no ring buffer`);
}

/** The file can be larger than a string. */
async function spansIn(file: string): Promise<number> {
  let count = 0;
  let rest = '';
  for await (const chunk of createReadStream(file, 'latin1')) {
    const parts = (rest + chunk).split('"spanId":');
    count += parts.length - 1;
    rest = parts.at(-1)!.slice(-'"spanId":'.length);
  }
  return count;
}
