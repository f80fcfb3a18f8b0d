// SPDX-License-Identifier: Apache-2.0

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of a figure over all rounds, with its range, as text. */
export function overRounds<T>(rounds: readonly T[], value: (round: T) => number, format: (value: number) => string) {
  const values = rounds.map(value);
  return {
    measured: format(median(values)),
    range: `${format(Math.min(...values))} - ${format(Math.max(...values))}`,
  };
}
