// SPDX-License-Identifier: Apache-2.0

/** Readings of the kernel's clocks, in nanoseconds, at most `uncertaintyNs` apart. */
export interface ClockReading {
  monotonicNs: bigint;
  realtimeNs: bigint;
  /** CLOCK_BOOTTIME: goes on during suspend, and dates the starts of processes. */
  boottimeNs: bigint;
  uncertaintyNs: number;
}

/**
 * Converts CLOCK_MONOTONIC to time since the epoch. The offset between the two changes only when the clock is stepped (a
 * slew moves both). It is measured for every batch, but a new value is used only when it differs by more than the
 * uncertainty of the readings: otherwise spans keep their exact distances.
 */
export class EpochClock {
  readonly #read: () => ClockReading;
  #offset = 0n;
  #suspended = 0n;
  #uncertainty = Number.POSITIVE_INFINITY;

  constructor(read: () => ClockReading) {
    this.#read = read;
    this.measure();
  }

  /** @returns CLOCK_MONOTONIC, as it was read */
  measure(): bigint {
    const { monotonicNs, realtimeNs, boottimeNs, uncertaintyNs } = this.#read();
    this.#suspended = boottimeNs - monotonicNs;
    const offset = realtimeNs - monotonicNs;
    const distance = Math.abs(Number(offset - this.#offset));
    if (distance <= this.#uncertainty + uncertaintyNs && this.#uncertainty <= uncertaintyNs) return monotonicNs;
    this.#offset = offset;
    this.#uncertainty = uncertaintyNs;
    return monotonicNs;
  }

  /** The time since the epoch, by the clock of the events. */
  now(): bigint {
    return this.toEpochNs(this.measure());
  }

  toEpochNs(monotonicNs: bigint): bigint {
    return monotonicNs + this.#offset;
  }

  toBoottimeNs(monotonicNs: bigint): bigint {
    return monotonicNs + this.#suspended;
  }
}
