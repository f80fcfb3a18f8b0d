// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import type { BpfObject } from 'bpf-loader-native';
import type { ProbeCounters } from '../event/books.ts';
import { readStat } from '../procfs/stat.ts';
import { ProbeQueue } from './probe-queue.ts';
import type { ProberClient } from './prober-client.ts';

/** After it got a new program, a process starts up, and publishes somewhen: it is looked at 0.2, 2 and 15 s later. */
const STARTED_MS = [200, 1800, 13_000];
/** At once; once more after the second or so in which it is not heard again (bpf/notices.h); and 15 s later. */
const PUBLISHED_MS = [0, 1500, 13_500];
/**
 * A stalled process without a context is looked at again, as it may have loaded a library; but not more often, and for a
 * hundredth of the time at most. What takes longer than the longest look waited for others.
 */
const STALLED_MS = 1000;
const STALLED_SHARE = 100;
const LONGEST_LOOK_MS = 100;
/**
 * A look takes less than a millisecond, and 100 where there are as many mappings as there can be. They are made one after the
 * other, so that answers about stalled processes do not have to wait for more than one, and at most so many in a row.
 */
const LOOKS_IN_A_ROW = 10;
/** From one row to the next: a host where processes come and go by the thousand must not mean as many looks. */
const ROW_MS = 100;
/** Processes of which is known when to look at them again; beyond that the one whose look is longest ago is forgotten. */
const MAX_LOOKED_AT = 4096;
const MAX_PUBLISHING = 4096;

/** Finds the processes that publish trace contexts, and tells the BPF programs where their threads have them. */
export class ContextRegistry {
  readonly #object: BpfObject;
  readonly #prober: ProberClient;
  readonly #places: number;
  readonly #proc: string;
  /** When a process may be looked at again because it stalled. */
  readonly #againMs = new Map<number, number>();
  /**
   * What is in the map of the BPF programs, which tell by it whether a pid is still the same program. The one whose stall,
   * or look, is longest ago comes first.
   */
  readonly #publishing = new Map<number, Buffer>();
  /** Who stalls all the time, starts many programs, or publishes without end, keeps nobody's other looks waiting. */
  readonly #queues = {
    stalled: new ProbeQueue([0]),
    published: new ProbeQueue(PUBLISHED_MS),
    started: new ProbeQueue(STARTED_MS),
    present: new ProbeQueue([0], Number.POSITIVE_INFINITY),
  };
  readonly books: ProbeCounters = { made: 0, open: 0, publishing: 0, without: {} };
  #timer: NodeJS.Timeout | undefined;
  /** When the next row of looks begins: infinity when none is to be, minus infinity while one is being made. */
  #rowAtMs = Number.POSITIVE_INFINITY;
  #earliestMs = 0;
  #closed = false;

  /** @param places in the map; see bpf/publishers.h */
  constructor(object: BpfObject, prober: ProberClient, { places = MAX_PUBLISHING, proc = '/proc' } = {}) {
    this.#object = object;
    this.#prober = prober;
    this.#places = places;
    this.#proc = proc;
  }

  /** Looks at every process there is, little by little. */
  lookAtAll(): void {
    for (const name of readdirSync(this.#proc)) if (/^\d+$/.test(name)) this.#add(this.#queues.present, Number(name));
  }

  /** A process has a new program. */
  started(pid: number): void {
    this.#add(this.#queues.started, pid);
  }

  /** A process publishes, or publishes something else than before. */
  published(pid: number): void {
    this.#prober.published(pid);
    this.#add(this.#queues.published, pid);
  }

  /** A process stalled. @param hadContext by what it, or the one that it was forked from, publishes */
  stalled(pid: number, hadContext: boolean): void {
    if (hadContext) this.#keep(pid);
    else if (performance.now() >= (this.#againMs.get(pid) ?? 0)) this.#add(this.#queues.stalled, pid);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #add(looks: ProbeQueue, pid: number): void {
    this.#schedule(looks.add(pid, performance.now()));
  }

  /** While nobody is to be looked at, nothing runs. */
  #schedule(dueMs: number): void {
    const atMs = Math.max(dueMs, this.#earliestMs);
    if (this.#closed || atMs >= this.#rowAtMs) return;
    clearTimeout(this.#timer);
    this.#rowAtMs = atMs;
    // It may have gone by, when this process had to wait for a CPU; Node.js warns of such a time.
    const delayMs = Math.max(0, Math.ceil(atMs - performance.now()));
    this.#timer = setTimeout(() => void this.#lookAtRow(), delayMs).unref();
  }

  /** Afterwards nobody is looked at for as long as this took, at least. */
  async #lookAtRow(): Promise<void> {
    const began = performance.now();
    this.#rowAtMs = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < LOOKS_IN_A_ROW; i++) {
      const pid = this.#next(i);
      if (pid === undefined) break;
      await this.#look(pid);
    }
    const ended = performance.now();
    this.#earliestMs = ended + Math.max(ROW_MS - (ended - began), ended - began);
    this.#rowAtMs = Number.POSITIVE_INFINITY;
    this.#schedule(Math.min(...Object.values(this.#queues).map(({ dueMs }) => dueMs)));
  }

  /** The queues take turns. Threads of the kernel, which are half of all processes on many hosts, take nobody's turn. */
  #next(turn: number): number | undefined {
    const now = performance.now();
    const queues = Object.values(this.#queues);
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[(turn + i) % queues.length]!;
      for (let pid = queue.take(now); pid !== undefined; pid = queue.take(now)) {
        if (!readStat(`${this.#proc}/${pid}`)?.isKernelThread) return pid;
      }
    }
    return undefined;
  }

  async #look(pid: number): Promise<void> {
    const began = performance.now();
    this.#notBefore(pid, began + STALLED_MS);
    this.books.made += 1;
    this.books.open += 1;
    const answer = await this.#prober.contexts(pid);
    this.books.open -= 1;
    if (answer) {
      const tookMs = Math.min(performance.now() - began, LONGEST_LOOK_MS);
      this.#notBefore(pid, began + Math.max(STALLED_MS, tookMs * STALLED_SHARE));
    }
    if (answer && 'publisher' in answer) {
      this.books.publishing += 1;
      // Nothing found another time does not mean that this is wrong: where memory is short, pages come and go.
      if (!this.#closed) this.#put(pid, answer.publisher);
    } else {
      const reason = answer?.reason ?? 'no_answer';
      this.books.without[reason] = (this.books.without[reason] ?? 0) + 1;
    }
  }

  #notBefore(pid: number, ms: number): void {
    this.#againMs.delete(pid);
    this.#againMs.set(pid, ms);
    const [longestAgo] = this.#againMs.keys();
    if (this.#againMs.size > MAX_LOOKED_AT) this.#againMs.delete(longestAgo!);
  }

  /**
   * Only what is new: programs of the kprobe plan are not run on a CPU that is in the middle of a system call which changes a
   * map, be it preempted there (bpf_disable_instrumentation in the kernel).
   */
  #put(pid: number, publisher: Buffer): void {
    this.#keep(pid);
    if (this.#publishing.get(pid)?.equals(publisher)) return;
    const [oldest] = this.#publishing.keys();
    if (this.#publishing.size >= this.#places && !this.#publishing.has(pid)) this.#forget(oldest!);
    this.#publishing.set(pid, publisher);
    this.#object.updateMap('cs_publishers', key(pid), publisher);
  }

  /** Others are forgotten before it. */
  #keep(pid: number): void {
    const publisher = this.#publishing.get(pid);
    if (publisher === undefined) return;
    this.#publishing.delete(pid);
    this.#publishing.set(pid, publisher);
  }

  #forget(pid: number): void {
    this.#publishing.delete(pid);
    this.#object.deleteFromMap('cs_publishers', key(pid));
  }
}

function key(pid: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(pid);
  return bytes;
}
