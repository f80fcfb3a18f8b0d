// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import type { BpfObject } from 'bpf-loader-native';
import type { Inspector } from '../inspector/inspector.ts';
import { Looks } from './looks.ts';

/** After it got a new program, a process starts up, and publishes somewhen: it is looked at 0.2, 2 and 15 s later. */
const STARTED_MS = [200, 1800, 13_000];
/** At once; once more after the second or so in which it is not heard again (bpf/notices.h); and 15 s later. */
const PUBLISHED_MS = [0, 1500, 13_500];
/** A stalled process without a context is looked at again, but not more often: it may have loaded a library. */
const STALLED_MS = 1000;
/**
 * A look takes less than a millisecond, and 100 where there are as many mappings as there can be. They are made one after the
 * other, so that answers about stalled processes do not have to wait for more than one, and at most so many in a row.
 */
const LOOKS_IN_A_ROW = 10;
/** From one row to the next: a host where processes come and go by the thousand must not mean as many looks. */
const ROW_MS = 100;
/** Processes that stalled and wait for a look; others are left until they stall again. */
const MOST_STALLED = 1024;
/** Processes of which is known when they were looked at; beyond that the one whose look is longest ago is forgotten. */
const MOST_LOOKED_AT = 4096;
/** Places in the map; see bpf/publishers.h. */
const MOST_PUBLISHING = 4096;

/** Finds the processes that publish trace contexts, and tells the BPF programs where their threads have them. */
export class Publishers {
  readonly #object: BpfObject;
  readonly #inspector: Inspector;
  readonly #lookedAt = new Map<number, number>();
  /** What is in the map of the BPF programs, which tell by it whether a pid is still the same program. */
  readonly #publishing = new Map<number, Buffer>();
  /** To be looked at before all others. */
  readonly #stalled = new Set<number>();
  /** Who starts many programs, or publishes without end, keeps nobody's other looks waiting. */
  readonly #queues = { present: new Looks([0]), started: new Looks(STARTED_MS), published: new Looks(PUBLISHED_MS) };
  #timer: NodeJS.Timeout | undefined;
  /** When the next row of looks begins: infinity when none is to be, minus infinity while one is being made. */
  #rowAtMs = Number.POSITIVE_INFINITY;
  #earliestMs = 0;
  #closed = false;

  constructor(object: BpfObject, inspector: Inspector) {
    this.#object = object;
    this.#inspector = inspector;
  }

  /** Looks at every process there is, little by little. */
  lookAtAll(): void {
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) this.#add(this.#queues.present, Number(name));
  }

  /** A process has a new program. */
  started(pid: number): void {
    this.#add(this.#queues.started, pid);
  }

  /** A process publishes, or publishes something else than before. */
  published(pid: number): void {
    this.#inspector.published(pid);
    this.#add(this.#queues.published, pid);
  }

  /** A process stalled, and no context was found for it. */
  stalled(pid: number): void {
    const lookedAt = this.#lookedAt.get(pid);
    if (lookedAt !== undefined && performance.now() - lookedAt < STALLED_MS) return;
    if (this.#stalled.size < MOST_STALLED) this.#stalled.add(pid);
    this.#schedule(0);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #add(looks: Looks, pid: number): void {
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
    this.#schedule(this.#stalled.size > 0 ? 0 : Math.min(...Object.values(this.#queues).map(({ dueMs }) => dueMs)));
  }

  /** The queues take turns. */
  #next(turn: number): number | undefined {
    for (const pid of this.#stalled) {
      this.#stalled.delete(pid);
      return pid;
    }
    const now = performance.now();
    const queues = Object.values(this.#queues);
    for (let i = 0; i < queues.length; i++) {
      const pid = queues[(turn + i) % queues.length]!.take(now);
      if (pid !== undefined) return pid;
    }
    return undefined;
  }

  async #look(pid: number): Promise<void> {
    this.#lookedAt.delete(pid);
    this.#lookedAt.set(pid, performance.now());
    const [longestAgo] = this.#lookedAt.keys();
    if (this.#lookedAt.size > MOST_LOOKED_AT) this.#lookedAt.delete(longestAgo!);

    const answer = await this.#inspector.contexts(pid);
    if (this.#closed) return;
    // Nothing found now does not mean that what was found before is wrong: where memory is short, pages come and go.
    if (answer?.publisher) this.#put(pid, answer.publisher);
  }

  /**
   * Only what is new: programs of the kprobe plan are not run on a CPU that is in the middle of a system call which changes a
   * map, be it preempted there (bpf_disable_instrumentation in the kernel).
   */
  #put(pid: number, publisher: Buffer): void {
    if (this.#publishing.get(pid)?.equals(publisher)) return;
    const [oldest] = this.#publishing.keys();
    if (this.#publishing.size >= MOST_PUBLISHING && !this.#publishing.has(pid)) this.#forget(oldest!);
    this.#publishing.set(pid, publisher);
    this.#object.updateMap('publishers', key(pid), publisher);
  }

  #forget(pid: number): void {
    this.#publishing.delete(pid);
    this.#object.deleteFromMap('publishers', key(pid));
  }
}

function key(pid: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(pid);
  return bytes;
}
