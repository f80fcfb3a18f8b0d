// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import type { BpfObject } from 'bpf-loader-native';
import type { Inspector } from '../inspector/inspector.ts';

/** After it got a new program, a process starts up, and publishes somewhen: it is looked at 0.2, 2 and 15 s later. */
const STARTED_MS = [200, 1800, 13_000];
/** At once; and as it is not heard again for about a second (bpf/notices.h), after that; and 15 s later. */
const PUBLISHED_MS = [0, 1500, 13_500];
/** A stalled process without a context is looked at again, but not more often: it may have loaded a library. */
const STALLED_MS = 1000;
/** A look takes up to a millisecond, so a host where processes come and go by the thousand must not mean as many of them. */
const TICK_MS = 100;
const LOOKS_PER_TICK = 10;
/** Processes that wait for a look; beyond that the oldest is left until it stalls. */
const MOST_WAITING = 1024;
/** Processes of which is known when they were looked at; beyond that the one whose look is longest ago is forgotten. */
const MOST_LOOKED_AT = 4096;
/** Places in the map; see bpf/context.h. */
const MOST_PUBLISHING = 4096;

/** Finds the processes that publish trace contexts, and tells the BPF programs where their threads have them. */
export class Publishers {
  readonly #object: BpfObject;
  readonly #inspector: Inspector;
  readonly #lookedAt = new Map<number, number>();
  /** What is in the map of the BPF programs, which tell by it whether a pid is still the same program. */
  readonly #publishing = new Map<number, Buffer>();
  /** When to look at a process, and after how long again, each after the one before. */
  readonly #waiting = new Map<number, { due: number; then: readonly number[] }>();
  /** To be looked at before all others. */
  readonly #stalled = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #tickAt = Number.POSITIVE_INFINITY;
  #lastTick = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(object: BpfObject, inspector: Inspector) {
    this.#object = object;
    this.#inspector = inspector;
  }

  /** Looks at every process there is, little by little. */
  lookAtAll(): void {
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) this.#wait(Number(name), [0]);
  }

  /** A process has a new program. */
  started(pid: number): void {
    this.#wait(pid, STARTED_MS);
  }

  /** A process publishes, or publishes something else than before. */
  published(pid: number): void {
    this.#inspector.published(pid);
    this.#wait(pid, PUBLISHED_MS);
  }

  /** A process stalled, and no context was found for it. */
  stalled(pid: number): void {
    const lookedAt = this.#lookedAt.get(pid);
    if (lookedAt !== undefined && performance.now() - lookedAt < STALLED_MS) return;
    if (this.#stalled.size < MOST_WAITING) this.#stalled.add(pid);
    this.#schedule(performance.now());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #wait(pid: number, [delayMs, ...then]: readonly number[]): void {
    if (delayMs === undefined) return;
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= MOST_WAITING) this.#waiting.delete(oldest!);
    const due = performance.now() + delayMs;
    this.#waiting.set(pid, { due, then });
    this.#schedule(due);
  }

  /** While nobody is to be looked at, nothing runs. */
  #schedule(due: number): void {
    const at = Math.max(due, this.#lastTick + TICK_MS);
    if (at >= this.#tickAt) return;
    clearTimeout(this.#timer);
    this.#tickAt = at;
    this.#timer = setTimeout(() => this.#tick(), Math.ceil(at - performance.now())).unref();
  }

  #tick(): void {
    this.#lastTick = performance.now();
    this.#tickAt = Number.POSITIVE_INFINITY;
    let looks = 0;
    for (const pid of this.#stalled) {
      if (looks++ === LOOKS_PER_TICK) break;
      this.#stalled.delete(pid);
      this.#look(pid);
    }
    for (const [pid, { due, then }] of this.#waiting) {
      if (looks >= LOOKS_PER_TICK || due > this.#lastTick) {
        this.#schedule(due);
        continue;
      }
      looks += 1;
      this.#waiting.delete(pid);
      this.#look(pid);
      this.#wait(pid, then);
    }
    if (this.#stalled.size > 0) this.#schedule(this.#lastTick);
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
