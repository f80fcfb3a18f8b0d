// SPDX-License-Identifier: Apache-2.0

/** Processes that wait; beyond that the one that has waited longest is left until it stalls. */
const MAX_WAITING = 4096;

/** When processes are to be looked at, for one reason: a few times each. */
export class ProbeQueue {
  readonly #delaysMs: readonly number[];
  readonly #most: number;
  readonly #waiting = new Map<number, { dueMs: number; later: readonly number[] }>();

  /** @param delaysMs of each look, after the one before it */
  constructor(delaysMs: readonly number[], most = MAX_WAITING) {
    this.#delaysMs = delaysMs;
    this.#most = most;
  }

  /** What was to come for it is dropped. @returns when it is due */
  add(pid: number, nowMs: number): number {
    this.#add(pid, nowMs, this.#delaysMs);
    return nowMs + this.#delaysMs[0]!;
  }

  /** One that is to be looked at now. */
  take(nowMs: number): number | undefined {
    for (const [pid, { dueMs, later }] of this.#waiting) {
      if (dueMs > nowMs) continue;
      this.#waiting.delete(pid);
      this.#add(pid, nowMs, later);
      return pid;
    }
    return undefined;
  }

  /** Of the next look; infinite when there is none. */
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
