// SPDX-License-Identifier: Apache-2.0
/** What the parts of versus.ts have in common: the same work by two builds, in turns. */

/** A built agent: its file. */
export interface Builds {
  other: string;
  ours: string;
}

/** A figure of both, one value for each round; a round's two values were measured one shortly after the other. */
export interface Comparison {
  what: string;
  other: readonly number[];
  ours: readonly number[];
  format: (value: number) => string;
  /** The ratio that is aimed at. */
  target?: number;
}

/** Runs a round of each in turns, each of them first every other time. */
export async function inTurns<T>(builds: Builds, rounds: number, round: (command: string) => Promise<T>) {
  const results: Record<keyof Builds, T[]> = { other: [], ours: [] };
  for (let i = 0; i < rounds; i++) {
    const order: readonly (keyof Builds)[] = i % 2 === 0 ? ['other', 'ours'] : ['ours', 'other'];
    for (const which of order) results[which].push(await round(builds[which]));
  }
  return results;
}
