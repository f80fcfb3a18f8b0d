// SPDX-License-Identifier: Apache-2.0
export interface Backoff {
  firstMs: number;
  maxMs: number;
}

/** The shortest wait: a lucky draw must not hammer a collector that is just starting. */
const LEAST_MS = 50;
/** The longest wait that a collector may ask for. */
const LONGEST_WISH_MS = 600_000;

/** The wait that a collector asked for, bounded. */
export const wish = (ms = 0): number => Math.min(ms, LONGEST_WISH_MS);

export const BACKOFF: Backoff = { firstMs: 1_000, maxMs: 30_000 };

/** Exponential with full jitter, so that a fleet of agents does not come back all at once. */
export function backoffMs(tries: number, { firstMs, maxMs }: Backoff, wishMs = 0): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(tries, 30));
  const own = Math.max(LEAST_MS, Math.random() * ceiling);
  return wishMs > 0 ? wish(wishMs) + own / 10 : own;
}
