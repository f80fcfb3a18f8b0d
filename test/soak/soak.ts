// SPDX-License-Identifier: Apache-2.0
/** Compactions of this host all the time, while the agent, the collector and the spool's disk fail at random; then one balance. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrivateBpffs } from '../../harness/bpffs.ts';
import { waitUntil } from '../../harness/child.ts';
import { COMPACT_MEMORY, vmstat } from '../../harness/host.ts';
import { flattenSpans } from '../../harness/receivers/otlp.ts';
import { type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import type { SegmentReport } from '../../src/spool/inspect.ts';
import { Agent, type Finished, runToEnd } from '../support/agent.ts';
import { totalOf } from '../support/books.ts';
import { useOf } from '../support/outage.ts';
import { randomFrom } from '../support/random.ts';

const SCANNED = ['compact_migrate_scanned', 'compact_free_scanned'] as const;
const DISK_BYTES = 64 * 1024 ** 2;
const PAUSE_MS = [1000, 6000] as const;
const DRAIN_MS = 120_000;
/** Compacts all memory over and over, with pauses: some hundred compactions a second. */
const WORK = 'while :; do echo 1 >"$0"; sleep 0.02; done';

export interface Plan {
  seconds: number;
  seed: number;
  /** Called before each failure, and for what goes on. */
  log?: (line: string) => void;
}

/** What each place knows at the end. */
export interface Balance {
  seed: number;
  /** How often each failure was made. */
  failures: Record<Failure, number>;
  /** The kernel's own counters over the whole time, in pages. */
  vmstat: { migrate: number; free: number };
  /** What the programs counted. */
  begins: number;
  ends: number;
  emitted: number;
  /** What the last agent's books say is lost, by reason. */
  lost: Record<string, number>;
  booksBalance: boolean;
  /** Spans that wait in the spool, and files that were set aside. */
  spooled: number;
  bad: number;
  /** Different compactions that the collector has, the pages of these, and spans that came again. */
  delivered: number;
  pages: { migrate: number; free: number };
  repeated: number;
  /** The most resident memory of an agent, in MiB. */
  mostMiB: number;
  /** Why an agent that was ended failed; empty where none did. */
  complaints: string[];
}

type Failure = 'agent killed' | 'agent ended' | 'collector killed' | 'collector stopped' | 'disk filled';
const FAILURES: readonly Failure[] = [
  'agent killed',
  'agent ended',
  'collector killed',
  'collector stopped',
  'disk filled',
];

/** Whether every place has the same. */
export function isBalanced(balance: Balance): boolean {
  const { begins, ends, emitted, lost, delivered, pages, spooled, bad, booksBalance, complaints } = balance;
  return (
    booksBalance &&
    complaints.length === 0 &&
    Object.keys(lost).length === 0 &&
    [ends, emitted, delivered].every((count) => count === begins) &&
    pages.migrate === balance.vmstat.migrate &&
    pages.free === balance.vmstat.free &&
    spooled === 0 &&
    bad === 0
  );
}

export function balanceText(balance: Balance): string {
  const { failures, begins, ends, emitted, lost, delivered, repeated, spooled, bad, pages, mostMiB } = balance;
  const of = (all: Record<string, number>) => Object.entries(all).map(([what, n]) => `${n} ${what}`);
  const rows = [
    ['failures', of(failures).join(', ')],
    [
      'kernel',
      `${begins} begins, ${ends} ends, ${balance.vmstat.migrate} + ${balance.vmstat.free} pages in /proc/vmstat`,
    ],
    [
      'books',
      `${emitted} emitted, ${of(lost).join(', ') || 'none'} lost, ${balance.booksBalance ? 'balanced' : 'NOT BALANCED'}`,
    ],
    ['spool', `${spooled} spans left, ${bad} files set aside`],
    ['collector', `${delivered} compactions, ${pages.migrate} + ${pages.free} pages, ${repeated} spans came again`],
    ['agent', `${mostMiB.toFixed(0)} MiB at most`],
    ...balance.complaints.map((complaint) => ['complaint', complaint]),
    ['result', `${isBalanced(balance) ? 'all agree' : 'THEY DO NOT AGREE'} (seed ${balance.seed})`],
  ];
  return rows.map(([place, text]) => `  ${place!.padEnd(10)}${text}`).join('\n');
}

/** The host, the disk and the collector of one run. All that is mounted is in its own namespace, and goes with this process. */
class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'compactstall-soak-'));
  readonly disk = join(this.folder, 'disk');
  readonly spool = join(this.disk, 'spool');
  readonly pin = '/sys/fs/bpf/compactstall';
  readonly spansFile = join(this.folder, 'spans.jsonl');
  readonly under: readonly string[];
  readonly complaints: string[] = [];
  mostMiB = 0;
  collector!: Collector;
  agent!: Agent;

  constructor(mounted: PrivateBpffs) {
    this.under = mounted.under;
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }));
    mkdirSync(this.disk);
    this.#run('mount', '-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=755`, 'tmpfs', this.disk);
  }

  #run(...command: string[]): string {
    const [program, ...words] = [...this.under, ...command];
    return execFileSync(program!, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  }

  fillDisk(): void {
    // Fails when the disk is full, as it should be.
    this.#run('sh', '-c', `cat /dev/zero >${this.disk}/filler; true`);
  }

  freeDisk(): void {
    this.#run('rm', '-f', `${this.disk}/filler`);
  }

  async startAgent(): Promise<void> {
    const words = ['-o', 'otlp', '--spool', this.spool, '--pin', this.pin, '--max-spans-per-second', 'off'];
    const plain = ['--context', 'off', '--resource', 'host', '--stack', 'none', '--ring-size', '64M', '--verify'];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: this.collector.endpoint };
    const options = { env, under: this.under, books: true, giveUpMs: 86_400_000 };
    this.agent = await new Agent([...words, ...plain], options).attached();
  }

  async endAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<Finished> {
    this.mostMiB = Math.max(this.mostMiB, useOf(this.agent.pid).mostMiB);
    const finished = await this.agent.stop(signal);
    if (signal === 'SIGTERM' && finished.code !== 0)
      this.complaints.push(`exit code ${finished.code}: ${finished.stderr}`);
    return finished;
  }

  /** What `spool ls` says. */
  async spooled(): Promise<SegmentReport[]> {
    const { code, stdout, stderr } = await runToEnd(['spool', 'ls', '--json', this.spool], { under: this.under });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  async waiting(): Promise<number> {
    return (await this.spooled()).reduce((sum, { isBad, spans }) => sum + (isBad ? 0 : spans), 0);
  }

  async leave(): Promise<void> {
    this.agent?.child.kill('SIGKILL');
    await this.agent?.finished;
    await runToEnd(['unpin', this.pin], { under: this.under });
    await this.collector?.kill();
    this.#run('umount', this.disk);
    rmSync(this.folder, { recursive: true });
  }
}

/** Runs it. Whatever happens, the agent, the collector, the mounts and the programs in the kernel are gone afterwards. */
export async function soak({ seconds, seed, log = () => {} }: Plan): Promise<Balance> {
  const scene = new Scene(await PrivateBpffs.mount());
  const workers: ReturnType<typeof spawn>[] = [];
  try {
    scene.collector = await startCollector({ spansFile: scene.spansFile });
    const before = SCANNED.map(vmstat);
    await scene.startAgent();
    for (let i = 0; i < 2; i++) {
      workers.push(spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', WORK, COMPACT_MEMORY], { stdio: 'ignore' }));
    }
    const failures = await fail(scene, seconds, randomFrom(seed), log);
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map((worker) => ended(worker)));

    log('all works: what waits is delivered');
    await sleep(1000);
    let waiting = -1;
    await waitUntil(
      async () => {
        waiting = await scene.waiting();
        return waiting === 0 || undefined;
      },
      DRAIN_MS,
      () => `${waiting} spans wait in the spool`,
    );
    const { books } = await scene.endAgent('SIGTERM');
    const after = SCANNED.map(vmstat);
    const reports = await scene.spooled();
    const delivered = await deliveredTo(scene.spansFile);
    assert.ok(books, 'the last agent wrote no books');
    return {
      ...{ seed, failures, ...delivered, complaints: scene.complaints, mostMiB: scene.mostMiB },
      vmstat: { migrate: after[0]! - before[0]!, free: after[1]! - before[1]! },
      begins: totalOf(books, 'begins'),
      ends: totalOf(books, 'ends'),
      emitted: totalOf(books, 'emitted'),
      lost: books.lost,
      booksBalance: books.balances,
      spooled: await scene.waiting(),
      bad: reports.filter(({ isBad }) => isBad).length,
    };
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
    await scene.leave();
  }
}

/** Makes failures for so long, and then all work again. @returns how many of each */
async function fail(scene: Scene, seconds: number, random: () => number, log: (line: string) => void) {
  const failures = Object.fromEntries(FAILURES.map((failure) => [failure, 0])) as Record<Failure, number>;
  let [hasCollector, isFull] = [true, false];
  const pause = () => sleep(PAUSE_MS[0] + random() * (PAUSE_MS[1] - PAUSE_MS[0]));
  const count = (failure: Failure) => {
    failures[failure] += 1;
    log(failure);
  };
  const freeDisk = () => {
    scene.freeDisk();
    isFull = false;
  };
  const restartCollector = async () => {
    scene.collector = await startCollector(scene.collector);
    hasCollector = true;
  };
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause()) {
    const what = Math.floor(random() * 3);
    if (what === 0) {
      // An agent that is asked to end with a full disk and no collector has to give up what it has in memory, and says so.
      const isKilled = isFull || random() < 0.6;
      count(isKilled ? 'agent killed' : 'agent ended');
      await scene.endAgent(isKilled ? 'SIGKILL' : 'SIGTERM');
      await sleep(random() * 1500);
      await scene.startAgent();
    } else if (what === 1) {
      const isKilled = random() < 0.5;
      if (!hasCollector) await restartCollector();
      else {
        count(isKilled ? 'collector killed' : 'collector stopped');
        await (isKilled ? scene.collector.kill() : scene.collector.stop());
        hasCollector = false;
      }
    } else if (isFull) freeDisk();
    else {
      count('disk filled');
      scene.fillDisk();
      isFull = true;
    }
  }
  if (isFull) freeDisk();
  if (!hasCollector) await restartCollector();
  return failures;
}

/** What the collector has written: each compaction once, and how many came again. */
async function deliveredTo(path: string): Promise<Pick<Balance, 'delivered' | 'pages' | 'repeated'>> {
  const ids = new Set<string>();
  const pages = { migrate: 0, free: 0 };
  let repeated = 0;
  if (!existsSync(path)) return { delivered: 0, pages, repeated };
  for await (const line of createInterface({ input: createReadStream(path) })) {
    for (const { span, attributes } of flattenSpans(JSON.parse(line))) {
      if (!span.name.startsWith('compaction ')) continue;
      if (ids.has(span.spanId)) {
        repeated += 1;
        continue;
      }
      ids.add(span.spanId);
      pages.migrate += Number(attributes['compaction.pages_scanned.migrate']);
      pages.free += Number(attributes['compaction.pages_scanned.free']);
    }
  }
  return { delivered: ids.size, pages, repeated };
}

const ended = (child: ReturnType<typeof spawn>): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('close', () => resolve()));
