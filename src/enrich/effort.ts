// SPDX-License-Identifier: Apache-2.0
import { type Activity, readActivity } from '../procfs/activity.ts';

/** A longer pause between two looks is this process's own, which had to wait for a CPU. */
const LONGEST_PAUSE_MS = 500;

/**
 * What the prober has spent on an answer: time in which it waited, and CPU time. Time in which it was ready to run and got no
 * CPU counts as neither: on a busy host, or under a CPU limit, a prober is slow without being stuck.
 *
 * It is known from looks at the prober, which are only made while an answer is late.
 */
export class Effort {
  readonly #activity: () => Activity | undefined;
  readonly #now: () => number;
  #lookedMs: number;
  /** At the last look; undefined before the first. */
  #cpuMs: number | undefined;
  #state = '';
  /** Since the last reset. */
  waitedMs = 0;
  workedMs = 0;

  constructor(pid: number | undefined, { now = () => performance.now(), proc = '/proc' } = {}) {
    this.#activity = () => (pid === undefined ? undefined : readActivity(`${proc}/${pid}`));
    this.#now = now;
    this.#lookedMs = now();
  }

  /** Whether it was stopped by a signal at the last look. */
  get isStopped(): boolean {
    return this.#state === 'T' || this.#state === 't';
  }

  /** Begins with the next answer. */
  reset(): void {
    this.waitedMs = 0;
    this.workedMs = 0;
    this.#cpuMs = undefined;
    this.#lookedMs = this.#now();
  }

  /** @returns the milliseconds spent since the last look. A prober that cannot be seen counts as waiting. */
  look(): number {
    const activity = this.#activity();
    const now = this.#now();
    const passedMs = Math.min(now - this.#lookedMs, LONGEST_PAUSE_MS);
    const workedMs = activity === undefined ? 0 : activity.cpuMs - (this.#cpuMs ?? activity.cpuMs);
    const waitedMs = activity?.state === 'R' ? 0 : Math.max(0, passedMs - workedMs);
    this.#lookedMs = now;
    this.#cpuMs = activity?.cpuMs;
    this.#state = activity?.state ?? '';
    this.workedMs += workedMs;
    this.waitedMs += waitedMs;
    return workedMs + waitedMs;
  }
}
