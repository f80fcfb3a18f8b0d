// SPDX-License-Identifier: Apache-2.0
import type { ExemplarsOf } from '../exemplars.ts';
import type { Description, Reading } from '../metric.ts';
import type { Snapshot } from '../snapshot.ts';
import { AGENT } from './agent.ts';
import { BOOKS } from './books.ts';
import { COMPACTIONS, DURATION, durationPoints } from './compactions.ts';
import type { NumberInstrument } from './instrument.ts';
import { MEMORY } from './memory.ts';
import { STALLS } from './stalls.ts';

const NUMBERS: readonly NumberInstrument[] = [...COMPACTIONS, ...STALLS, ...MEMORY, ...BOOKS, ...AGENT];

/** Every metric, each name once. docs/attributes.md is made from this table. */
export const METRICS: readonly (Description & { kind: Reading['metric']['kind'] })[] = [DURATION, ...NUMBERS];

/** All metrics of a snapshot that have a point. A value that is no number is left out: some receivers refuse all that comes with it. */
export function readAll(snapshot: Snapshot, exemplarsOf: ExemplarsOf = () => []): Reading[] {
  const all: Reading[] = [
    { metric: DURATION, points: durationPoints(snapshot, exemplarsOf) },
    ...NUMBERS.map((metric) => ({
      metric,
      points: metric.read(snapshot).filter(({ value }) => Number.isFinite(value)),
    })),
  ];
  return all.filter(({ points }) => points.length > 0);
}
