// SPDX-License-Identifier: Apache-2.0

/** The most processes that wait. Beyond it the one that has waited longest is dropped, until it stalls. */
const MAX_WAITING = 4096;

/**
 * The processes to probe for one reason, a few times each. Not an Lru: a process that is added again keeps its turn. Otherwise
 * one that stalls all the time would never get it.
 */
export class ProbeQueue {
  readonly #delaysMs: readonly number[];
  readonly #most: number;
  readonly #waiting = new Map<number, { dueMs: number; later: readonly number[] }>();

  /** @param delaysMs of each probe, after the one before it */
  constructor(delaysMs: readonly number[], most = MAX_WAITING) {
    this.#delaysMs = delaysMs;
    this.#most = most;
  }

  /** Adds a process, and drops the probes that it still had. @returns when it is due */
  add(pid: number, nowMs: number): number {
    this.#add(pid, nowMs, this.#delaysMs);
    return nowMs + this.#delaysMs[0]!;
  }

  /** Removes and returns a process that is due now. */
  take(nowMs: number): number | undefined {
    for (const [pid, { dueMs, later }] of this.#waiting) {
      if (dueMs > nowMs) continue;
      this.#waiting.delete(pid);
      this.#add(pid, nowMs, later);
      return pid;
    }
    return undefined;
  }

  /** When the next probe is due; infinite when there is none. */
  get dueMs(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#waiting.values()) earliest = Math.min(earliest, dueMs);
    return earliest;
  }

  #add(pid: number, nowMs: number, [delayMs, ...later]: readonly number[]): void {
    if (delayMs === undefined) return;
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= this.#most && !this.#waiting.has(pid)) this.#waiting.delete(oldest!);
    this.#waiting.set(pid, { dueMs: nowMs + delayMs, later });
  }
}
