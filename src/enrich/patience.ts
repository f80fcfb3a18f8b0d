// SPDX-License-Identifier: Apache-2.0
import { Effort } from './effort.ts';

/** The longest that the prober may wait for one answer. Reading the largest memory map takes a twentieth of it. */
export const WAIT_MS = 2000;
/** The CPU time for one answer. Everything that the prober reads is bounded: more than half a second would be a defect. */
export const WORK_MS = 10_000;
/** The longest that a stall waits while the prober spends its time on others; and in all, for whatever reason. */
const TURN_MS = 4000;
const PATIENCE_MS = 20_000;
/** The time for the prober to start, spent by itself; and in all, on a host that gives it no CPU. */
const START_MS = 20_000;
const LONGEST_START_MS = 60_000;

/** When a question was asked. */
export interface Asked {
  atMs: number;
  /** The time that probers had spent on late answers by then. */
  spentMs: number;
}

/** How long the prober may take: to start, and for an answer. */
export class Patience {
  /** Of the prober that runs now. */
  #effort = new Effort(undefined);
  #startedMs = performance.now();
  /** When a prober answered for the first time. A stall's patience begins then. */
  #begunMs: number | undefined;
  #spentMs = 0;

  /** Whether a prober has ever been ready for questions. */
  get hasBegun(): boolean {
    return this.#begunMs !== undefined;
  }

  /** A prober starts. */
  started(pid: number): void {
    this.#effort = new Effort(pid);
    this.#startedMs = performance.now();
  }

  /** The prober is killed, and another will start. */
  replaced(): void {
    this.#effort.reset();
    this.#startedMs = performance.now();
  }

  /** The prober is ready for questions. */
  begun(): void {
    this.#begunMs ??= performance.now();
  }

  /** The next answer begins. */
  nextAnswer(): void {
    this.#effort.reset();
  }

  asked(): Asked {
    return { atMs: performance.now(), spentMs: this.#spentMs };
  }

  /** Looks at a prober that starts. @returns the milliseconds that it has taken, if they are too many */
  lateStart(): number | undefined {
    this.#effort.look();
    const { waitedMs, workedMs } = this.#effort;
    const tookMs = performance.now() - this.#startedMs;
    return waitedMs + workedMs >= START_MS || tookMs >= LONGEST_START_MS ? tookMs : undefined;
  }

  /** Looks at a prober that has not answered for a while. @returns whether it is stuck */
  isStuck(): boolean {
    this.#spentMs += this.#effort.look();
    const { waitedMs, workedMs } = this.#effort;
    return waitedMs >= WAIT_MS || workedMs >= WORK_MS;
  }

  /** Whether a signal stopped it, at the last look. */
  get isStopped(): boolean {
    return this.#effort.isStopped;
  }

  /** Whether it is stuck at its own work, which would be a defect. */
  get isOverworked(): boolean {
    return this.#effort.workedMs >= WORK_MS;
  }

  /** Whether a question has waited too long: each answer may be in time, and many of them keep a later question waiting. */
  isOld({ atMs, spentMs }: Asked): boolean {
    if (this.#begunMs === undefined) return false;
    return Math.max(atMs, this.#begunMs) <= performance.now() - PATIENCE_MS || this.#spentMs - spentMs >= TURN_MS;
  }
}
