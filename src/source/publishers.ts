// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import type { BpfObject } from 'bpf-loader-native';
import type { Inspector } from '../inspector/inspector.ts';

/** After it got a new program, a process starts up, and publishes somewhen: it is looked at after so long, and again. */
const LOOKS_MS = [200, 2000, 15_000];
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
  /** When to look at a process, and how many looks follow. */
  readonly #waiting = new Map<number, { due: number; left: number }>();
  /** To be looked at before all others. */
  readonly #stalled = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(object: BpfObject, inspector: Inspector) {
    this.#object = object;
    this.#inspector = inspector;
  }

  /** Looks at every process there is, little by little. */
  lookAtAll(): void {
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) this.#wait(Number(name), 0, 0);
  }

  /** A process has a new program. */
  started(pid: number): void {
    this.#wait(pid, LOOKS_MS[0]!, LOOKS_MS.length - 1);
  }

  /** A process stalled, and no context was found for it. */
  stalled(pid: number): void {
    const lookedAt = this.#lookedAt.get(pid);
    if (lookedAt !== undefined && performance.now() - lookedAt < STALLED_MS) return;
    if (this.#stalled.size < MOST_WAITING) this.#stalled.add(pid);
    this.#schedule(0);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #wait(pid: number, delayMs: number, left: number): void {
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= MOST_WAITING) this.#waiting.delete(oldest!);
    this.#waiting.set(pid, { due: performance.now() + delayMs, left });
    this.#schedule(delayMs);
  }

  #schedule(delayMs: number): void {
    this.#timer ??= setTimeout(() => this.#tick(), Math.min(delayMs, TICK_MS)).unref();
  }

  #tick(): void {
    let looks = 0;
    for (const pid of this.#stalled) {
      if (looks++ === LOOKS_PER_TICK) break;
      this.#stalled.delete(pid);
      this.#look(pid, 0);
    }
    const now = performance.now();
    for (const [pid, { due, left }] of this.#waiting) {
      if (looks >= LOOKS_PER_TICK) break;
      if (due > now) continue;
      looks += 1;
      this.#waiting.delete(pid);
      this.#look(pid, left);
    }
    this.#timer = undefined;
    if (this.#waiting.size + this.#stalled.size > 0) this.#schedule(TICK_MS);
  }

  async #look(pid: number, left: number): Promise<void> {
    this.#lookedAt.delete(pid);
    this.#lookedAt.set(pid, performance.now());
    const [longestAgo] = this.#lookedAt.keys();
    if (this.#lookedAt.size > MOST_LOOKED_AT) this.#lookedAt.delete(longestAgo!);

    const answer = await this.#inspector.contexts(pid);
    if (this.#closed) return;
    // Nothing found now does not mean that what was found before is wrong: where memory is short, pages come and go.
    if (answer?.publisher) this.#put(pid, answer.publisher);
    else if (left > 0) this.#wait(pid, LOOKS_MS[LOOKS_MS.length - left]!, left - 1);
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
