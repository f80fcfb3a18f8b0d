// SPDX-License-Identifier: Apache-2.0
/** Nanoseconds since the epoch as two words of 32 bits: a number cannot hold them, and two BigInts would take 0.3 us. */
export type Words = [low: number, high: number];

const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;
const NANOS = 1e9;
const NANOS_DIGITS = 9;

/** Converts a decimal string exactly. */
export function nanos(digits: string): Words {
  const seconds = Number(digits.slice(0, -NANOS_DIGITS));
  // The upper and lower part of the seconds, times 10^9, both stay below 2^53.
  const upper = Math.floor(seconds / TWO_16) * NANOS;
  const lower = (seconds % TWO_16) * NANOS + Number(digits.slice(-NANOS_DIGITS));
  const low = (upper % TWO_16) * TWO_16 + (lower % TWO_32);
  return [low >>> 0, Math.floor(upper / TWO_16) + Math.floor(lower / TWO_32) + Math.floor(low / TWO_32)];
}

/** The time so many nanoseconds later, of which the low word is not cut yet. */
export function nanosLater(low: number, high: number, duration: number): Words {
  const sum = low + (duration >>> 0);
  return [sum, high + Math.floor(duration / TWO_32) + Math.floor(sum / TWO_32)];
}
