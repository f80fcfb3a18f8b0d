// SPDX-License-Identifier: Apache-2.0

/** What a run shows of its work. */
export interface Work {
  /** Compactions that the kernel has put into the ring buffer. */
  emitted: number;
  /** Those that were read from there. */
  received: number;
  /** Whether an output can deliver, as far as is known. */
  canDeliver: boolean;
  /** Whether an output hangs. */
  isStuck: boolean;
}

/** What waits in the ring buffer is read within 50 ms. */
const STUCK_MS = 10_000;

/** Judges the work from one look to the next. */
export class Health {
  /** The first look since which compactions wait and none was read. */
  #since: { received: number; atMs: number } | undefined;

  /** Whether compactions wait in the ring buffer and none was read for long. @param nowMs a clock that does not go back */
  isStuck({ emitted, received }: Pick<Work, 'emitted' | 'received'>, nowMs: number): boolean {
    if (emitted === received) this.#since = undefined;
    else if (this.#since?.received !== received) this.#since = { received, atMs: nowMs };
    return this.#since !== undefined && nowMs - this.#since.atMs >= STUCK_MS;
  }
}
