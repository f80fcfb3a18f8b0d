// SPDX-License-Identifier: Apache-2.0
/** A machine that loses power again and again while the agent in it stores and delivers spans. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { PROJECT } from '../../../harness/machine/contents.ts';
import { type DiskServer, serveDisk } from '../../../harness/machine/disk-server.ts';
import { fetchKernel } from '../../../harness/machine/fetch.ts';
import { MKE2FS, MKFS_XFS, projectImage } from '../../../harness/machine/image.ts';
import { kernelNamed } from '../../../harness/machine/kernels.ts';
import { runMachine } from '../../../harness/machine/machine.ts';
import { SECTOR_BYTES, VolatileDisk } from '../../../harness/machine/volatile-disk.ts';
import { randomFrom } from '../../support/random.ts';
import { EVENT_FORMAT, Outside } from './outside.ts';

/** One is enough: the order in which the spool syncs is not the kernel's. */
const KERNEL = '6.12';
const BLOCK_BYTES = 4096;
/** The numbers of events that a run of the agent may have. */
const EVENTS = 1_000_000;
/** The events of the last run, which ends well. */
const LAST_EVENTS = 512;
/** A limit that only a hang reaches. */
const LIMIT_MS = 300_000;

/** How each is made, and what its disk writes whole or not at all. */
const FILE_SYSTEMS = {
  /** All of it is written at once, so that the kernel does not do so later. */
  ext4: {
    bytes: 48 * 2 ** 20,
    make: `${MKE2FS} -q -t ext4 -b ${BLOCK_BYTES} -J size=4 -E lazy_itable_init=0,lazy_journal_init=0`,
    disk: { sectorBytes: SECTOR_BYTES, wholeBytes: BLOCK_BYTES },
  },
  /** The smallest that it makes. Its blocks are whole: what it makes of torn ones is not asked here. */
  xfs: {
    bytes: 300 * 2 ** 20,
    make: `${MKFS_XFS} -q -b size=${BLOCK_BYTES} -s size=${BLOCK_BYTES}`,
    disk: { sectorBytes: BLOCK_BYTES },
  },
} as const;
export type FileSystem = keyof typeof FILE_SYSTEMS;

export interface Plan {
  fileSystem: FileSystem;
  cuts: number;
  seed: number;
  say?: (line: string) => void;
}

export interface Report {
  faults: readonly string[];
  issued: number;
  /** Of which the agent had said so, before a cut. */
  safe: number;
  delivered: number;
  /** Spans that came once more. */
  repeated: number;
  /** Writes that no flush had covered at a cut. */
  writes: { kept: number; lost: number; torn: number };
}

/** @returns what is known after the last run of the agent, which is not cut */
export async function powerCuts(t: TestContext, plan: Plan): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-power-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const disk = new VolatileDisk(
    newFileSystem(plan.fileSystem, join(folder, 'disk')),
    FILE_SYSTEMS[plan.fileSystem].disk,
  );
  const machine = new Machine(plan, join(folder, 'socket'), disk, await Outside.start(t));
  t.after(() => machine.close());
  return machine.run();
}

function newFileSystem(type: FileSystem, path: string): Buffer {
  const { bytes, make } = FILE_SYSTEMS[type];
  const [program, ...options] = make.split(' ');
  writeFileSync(path, '');
  truncateSync(path, bytes);
  execFileSync(program!, [...options, path]);
  return readFileSync(path);
}

class Machine {
  readonly #plan: Plan;
  readonly #disk: VolatileDisk;
  readonly #outside: Outside;
  readonly #socket: string;
  readonly #kernel = fetchKernel(kernelNamed(KERNEL));
  readonly #image = projectImage('x64', this.#kernel, [{ from: join(this.#kernel, 'disk.tar'), to: '/disk.tar' }]);
  #server: DiskServer | undefined;
  #onChange = () => {};

  constructor(plan: Plan, socket: string, disk: VolatileDisk, outside: Outside) {
    this.#plan = plan;
    this.#socket = socket;
    this.#disk = disk;
    this.#outside = outside;
  }

  async run(): Promise<Report> {
    const { cuts, seed, say } = this.#plan;
    const outside = this.#outside;
    this.#server = await serveDisk(this.#socket, this.#disk, () => this.#onChange());
    const writes = { kept: 0, lost: 0, torn: 0 };
    for (let boot = 0; boot < cuts; boot++) {
      const random = randomFrom(seed * 1000 + boot);
      const moment = await this.#bootUntilCut(boot, random);
      const cut = this.#disk.cut(random);
      for (const fate of ['kept', 'lost', 'torn'] as const) writes[fate] += cut[fate];
      outside.notice();
      say?.(
        `cut ${boot + 1} ${moment}: ${JSON.stringify(cut)}; safe ${outside.safe.size}, delivered ${outside.delivered.size}`,
      );
    }
    outside.takes = () => true;
    const first = cuts * EVENTS;
    const status = await this.#boot(first, first + LAST_EVENTS - 1);
    if (status !== 0) outside.faults.push(`the last run ended with ${status}`);
    for (let i = 0; i < LAST_EVENTS; i++) outside.safe.add(first + i);
    const faults = outside.judge();
    const { issued, safe, delivered } = outside;
    const repeated = [...delivered.values()].reduce((sum, times) => sum + times - 1, 0);
    return { faults, issued: issued.size, safe: safe.size, delivered: delivered.size, repeated, writes };
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  /** The power goes at some write or flush of the disk: of the whole run, since the agent gets events, or since it delivers. @returns when */
  async #bootUntilCut(boot: number, random: () => number): Promise<string> {
    const outside = this.#outside;
    const refused = [0, 0.3, 1][Math.floor(random() * 3)]!;
    outside.takes = () => random() >= refused;
    const { what, most, hasBegun } = this.#begins(boot)[Math.floor(random() * 3)]!;
    let left = 1 + Math.floor(random() * most);
    const moment = `${left} writes and flushes after ${what}, ${refused * 100} % refused`;
    const first = boot * EVENTS;
    const power = new AbortController();
    this.#onChange = () => {
      if (!hasBegun()) return;
      left -= 1;
      if (left > 0 || power.signal.aborted) return;
      this.#server!.powerOff();
      power.abort(new Error('the power is off'));
    };
    try {
      const status = await this.#boot(first, first + EVENTS - 1, power.signal);
      throw new Error(`the agent ended with ${status} before the power went`);
    } catch (error) {
      if (error !== power.signal.reason) throw error;
    } finally {
      this.#onChange = () => {};
    }
    return moment;
  }

  /** From when on writes and flushes count, and how many of them may come before the cut. */
  #begins(boot: number): { what: string; most: number; hasBegun: () => boolean }[] {
    const outside = this.#outside;
    const { requests } = outside;
    return [
      { what: 'the boot', most: 40, hasBegun: () => true },
      { what: 'the first events', most: 100, hasBegun: () => outside.issued.has(boot * EVENTS) },
      { what: 'the first request', most: 100, hasBegun: () => outside.requests > requests },
    ];
  }

  async #boot(first: number, last: number, power?: AbortSignal): Promise<number> {
    this.#outside.begin(first);
    const { fileSystem } = this.#plan;
    const machine = runMachine({
      name: `power-cut-${fileSystem}-${this.#plan.seed}`,
      kernel: this.#kernel,
      image: this.#image,
      memoryMb: 768,
      cpus: 1,
      // The console takes a fifth of the boot.
      append: 'quiet',
      network: [],
      volatileDisk: { socket: this.#socket, sectorBytes: FILE_SYSTEMS[fileSystem].disk.sectorBytes },
      command: `cd ${PROJECT} && exec test/vm/power-cut/agent.sh ${fileSystem} ${this.#outside.endpoint} '${EVENT_FORMAT}' ${first} ${last}`,
      limitMs: LIMIT_MS,
      ...(power && { power }),
      say: (message) => this.#plan.say?.(message),
    });
    for (;;) {
      const { done, value } = await machine.next();
      if (done) return value;
      this.#outside.hear(value);
    }
  }
}
