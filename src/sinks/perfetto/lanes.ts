// SPDX-License-Identifier: Apache-2.0
import { Lru } from '../../lru.ts';

/** Tracks are as many as there are threads and zones. */
const MAX_GROUPS = 4096;
const MAX_LANES = 256;

/** From the begin of the first slice to the end of the last one. */
interface Lane {
  from: bigint;
  to: bigint;
}

/**
 * Gives slices that overlap different tracks: on one track a slice ends the one that began last. Two threads compact one zone at a time, and
 * threads outside of the agent's PID namespace have all one number.
 */
export class Lanes {
  /** The end of what is not remembered any more. */
  #forgottenTo = -1n;
  readonly #groups = new Lru<string, Lane[]>(MAX_GROUPS, (_, lanes) => {
    for (const { to } of lanes) if (to > this.#forgottenTo) this.#forgottenTo = to;
  });

  /** @returns the number of a lane in which nothing overlaps it; undefined where none is known, and the slice needs its own */
  place(group: string, from: bigint, to: bigint): number | undefined {
    let lanes = this.#groups.get(group);
    if (lanes === undefined) {
      if (from <= this.#forgottenTo) return undefined;
      lanes = [];
      this.#groups.set(group, lanes);
    }
    // A slice that ends when another begins must be written before it.
    const free = lanes.findIndex((lane) => from >= lane.to || to < lane.from);
    const lane = lanes[free];
    if (lane) {
      if (from < lane.from) lane.from = from;
      if (to > lane.to) lane.to = to;
      return free;
    }
    if (lanes.length === MAX_LANES) return undefined;
    return lanes.push({ from, to }) - 1;
  }
}
