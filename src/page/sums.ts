// SPDX-License-Identifier: Apache-2.0
/** What the cells add up to, as filters leave it. */
import type { Trigger } from '../event/event.ts';
import type { TimeCells } from '../report/data.ts';
import { secondsOf } from './format.ts';
import type { View } from './view.ts';

export interface CellRow {
  /** Seconds since the epoch. */
  from: number;
  to: number;
  trigger: Trigger;
  bucket: number;
  count: number;
  seconds: number;
}

/** The cells that the filters leave, of the whole of time. */
export function wantedCells(view: View): CellRow[] {
  const { cells } = view.data;
  const origin = secondsOf(cells.originUnixNano);
  const width = cells.widthNano / 1e9;
  return cells.rows.flatMap(([bin, service, number, bucket, count, sumNano]) => {
    const trigger = cells.triggers[number]!;
    if (!view.wants(trigger, serviceOf(cells, service))) return [];
    const from = origin + bin * width;
    return [{ from, to: from + width, trigger, bucket, count, seconds: sumNano / 1e9 }];
  });
}

const serviceOf = ({ services }: TimeCells, number: number): string | undefined => services[number] ?? undefined;

export const isIn = ({ from, to }: CellRow, { time }: View): boolean => from < time[1] && to > time[0];
