// SPDX-License-Identifier: Apache-2.0
/** The cost of finding the stalled thread's span in the begin program. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ObiMap, PrivateBpffs } from '../harness/bpffs.ts';
import { waitUntil } from '../harness/child.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../harness/host.ts';
import { readEvents, startAgent } from './agent.ts';
import { ProgramCounters } from './proc.ts';
import { table } from './report.ts';
import { median, overRounds } from './statistics.ts';

const ROUNDS = 9;
/** Turns of each round; in a turn each process stalls once. */
const TURNS = 11;
const STALLS = 6;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const SPAN = { traceId: '1'.padStart(32, '0'), spanId: '1'.padStart(16, '0') };
/** The longest wait for a publishing process to be known; it is probed within seconds. */
const KNOWN_MS = 30_000;

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** A stalling process. */
interface Stalling {
  pid: number;
  /** Its compaction.context.source, if it has one. */
  source?: string;
  stall(): Promise<void>;
}

/** A process that stalls as often as a line of its input says, then answers with a line. */
class Child implements Stalling {
  readonly source: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<never>;

  constructor(source: string, command: string, ...args: string[]) {
    this.source = source;
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#ended = once(this.#child, 'exit').then(() => Promise.reject(new Error(`${command} ended by itself`)));
    this.#ended.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async stall(): Promise<void> {
    this.#child.stdin!.write(`${STALLS}\n`);
    await Promise.race([once(this.#lines, 'line'), this.#ended]);
  }

  end(): void {
    this.#child.stdin!.end();
  }
}

/** Nanoseconds of the begin program per stall, by row of the table. */
type Round = Record<string, number>;

export async function measureContexts(folder: string): Promise<string> {
  const bpffs = await PrivateBpffs.mount();
  const map = new ObiMap(bpffs);
  const withMap = { OTEL_EBPF_BPF_FS_PATH: bpffs.folder };
  const stalls = (kind: string) => path(`../harness/programs/stalls/build/glibc/${kind}`);
  const fixed = new Child('thread', stalls('program'), COMPACT_NODE0, '1');
  const dynamic = new Child('thread', stalls('gd'), COMPACT_NODE0, '1');
  const node = new Child('nodejs', process.execPath, path('request.mjs'), COMPACT_NODE0);
  const silent = { pid: process.pid, stall: async () => compact(COMPACT_NODE0, STALLS) };

  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const file = (name: string) => join(folder, `${name}-${i}.json`);
    const off = await turns(file('off'), { [OFF]: silent }, ['--context', 'off']);
    const published = await turns(file('on'), {
      [SILENT]: silent,
      [STATIC]: fixed,
      [DYNAMIC]: dynamic,
      [NODEJS]: node,
    });
    const unknown = await turns(file('empty'), { [NOT_IN_OBI]: silent }, [], withMap);
    map.set(process.pid, process.pid, SPAN);
    const obi = await turns(file('obi'), { [OBI]: { ...silent, source: 'obi' } }, [], withMap);
    map.remove(process.pid, process.pid);
    rounds.push({ ...off, ...published, ...unknown, ...obi });
  }
  for (const child of [fixed, dynamic, node]) child.end();
  return tableOf(rounds);
}

const OFF = '`--context off`';
const SILENT = 'the process publishes nothing';
const NOT_IN_OBI = 'the process publishes nothing, and is not in OBI’s map';
const OBI = 'OBI’s map';
const STATIC = 'thread context, in static TLS';
const DYNAMIC = 'thread context, in dynamic TLS (glibc)';
const NODEJS = 'Node.js context';

/** A round: one agent, and processes that stall one after the other. */
async function turns(
  file: string,
  all: Readonly<Record<string, Stalling>>,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Round> {
  const agent = await startAgent(
    ['--verbose', '--max-spans-per-second', 'off', '--stack', 'none', '--output', `json:${file}`, ...args],
    env,
  );
  const counters = new ProgramCounters(agent.pid);
  const found = ({ pid, source }: Stalling) =>
    readEvents(file).filter((event) => event.pid === pid && event.context?.source === source).length;
  for (const who of Object.values(all)) {
    const known = async () => {
      await who.stall();
      return found(who) > 0 || undefined;
    };
    await waitUntil(known, KNOWN_MS, () => `no event of ${who.pid} whose context is of ${who.source ?? 'nobody'}`);
  }
  const perStall = new Map(Object.keys(all).map((row) => [row, [] as number[]]));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [row, who] of Object.entries(all)) {
      const before = counters.read().begin;
      await who.stall();
      const after = counters.read().begin;
      // Otherwise another process compacted meanwhile, and the counters cannot distinguish the runs.
      if (after.runs - before.runs === STALLS * ZONES) {
        perStall.get(row)!.push((after.ns - before.ns) / (STALLS * ZONES));
      }
    }
  }
  await agent.stop();
  for (const who of Object.values(all)) {
    if (found(who) < TURNS * STALLS * ZONES) throw new Error(`the context of ${who.pid} was not found each time`);
  }
  return Object.fromEntries([...perStall].map(([row, ns]) => [row, medianOf(ns)]));
}

function medianOf(ns: readonly number[]): number {
  if (ns.length < TURNS / 2) throw new Error('others compact memory all the time; the figures would be theirs');
  return median(ns);
}

function tableOf(rounds: readonly Round[]): string {
  const us = (ns: number) => `${(ns / 1000).toFixed(2)} us`;
  const share = (value: number) => value.toFixed(2);
  const rows = [OFF, SILENT, NOT_IN_OBI, OBI, STATIC, DYNAMIC, NODEJS].map((row) => {
    const time = overRounds(rounds, (round) => round[row]!, us);
    const more = overRounds(rounds, (round) => round[row]! / round[OFF]!, share);
    return [row, time.measured, time.range, more.measured, more.range];
  });
  return table(['the span comes from', 'begin program', 'range', 'of the first row', 'range of that'], rows);
}
