// SPDX-License-Identifier: Apache-2.0
/** Two builds on the way from the ring to a Collector, in turns. */

import { type Builds, type Comparison, inTurns } from './comparison.ts';
import { LOADS, live, longestBlock, mb, ms, ROUNDS, us } from './spans.ts';

export async function versusSpans(builds: Builds, folder: string): Promise<Comparison[]> {
  const rows: Comparison[] = [];
  for (const load of LOADS) {
    const { other, ours } = await inTurns(builds, ROUNDS, (command) => live(command, load, folder));
    rows.push(
      {
        what: `CPU time of a span, ${load.name}`,
        other: other.map(({ cpuUs }) => cpuUs),
        ours: ours.map(({ cpuUs }) => cpuUs),
        format: us,
        target: 0.33,
      },
      {
        what: `anonymous memory after ${load.name}`,
        other: other.map(({ anonymousBytes }) => anonymousBytes),
        ours: ours.map(({ anonymousBytes }) => anonymousBytes),
        format: mb,
      },
    );
    if (load.perSecond > 0) continue;
    const blocked = await inTurns(builds, 1, (command) => longestBlock(command, load, folder));
    rows.push({ what: `the event loop is blocked for at most, ${load.name}`, ...blocked, format: ms });
  }
  return rows;
}
