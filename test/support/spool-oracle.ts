// SPDX-License-Identifier: Apache-2.0

/** What is known of numbered requests, or events, from outside a spool that has crashed. */
export interface Known {
  /** What it had confirmed as safe. */
  safe: Iterable<number>;
  /** What was delivered before the crash. It need not come again. */
  before: ReadonlySet<number>;
  /** What was delivered afterwards, in its order. */
  after: readonly { number: number; isWhole: boolean }[];
  /** What it may have given up, as its folder was full. */
  givenUp?: ReadonlySet<number>;
  isIssued: (number: number) => boolean;
}

/**
 * What is wrong; empty when nothing is. What was safe has to be delivered, before or after the crash. What is delivered has to be what
 * was issued.
 */
export function faultsOf({ safe, before, after, givenUp = new Set(), isIssued }: Known): string[] {
  const faults: string[] = [];
  const came = new Set(after.map(({ number }) => number));
  for (const number of safe) {
    if (!before.has(number) && !came.has(number) && !givenUp.has(number))
      faults.push(`${number} was safe, and is lost`);
  }
  for (const { number, isWhole } of after) {
    if (!isIssued(number)) faults.push(`${number} was never issued, and comes`);
    else if (!isWhole) faults.push(`${number} has changed`);
  }
  return faults;
}
