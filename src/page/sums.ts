// SPDX-License-Identifier: Apache-2.0
/** What cells add up to, as filters leave it. The kernel's sums have all compactions, but no services: those are of events. */
import { TRIGGERS, type Trigger } from '../event/event.ts';
import { type TimeCells, UNKNOWN_TRIGGER } from '../report/data.ts';
import { secondsOf } from './format.ts';
import type { View } from './view.ts';

interface Cell {
  /** Seconds since the epoch. */
  from: number;
  to: number;
  /** undefined: not known. */
  trigger: Trigger | undefined;
  count: number;
}

export interface DurationCell extends Cell {
  bucket: number;
  /** undefined where only a sum over all durations is known. */
  seconds: number | undefined;
}

export interface StalledCell extends Cell {
  seconds: number;
}

/** Whether it is of all compactions, whatever was left out. */
export const hasAll = ({ data, service }: View): boolean => data.kernel !== undefined && service === undefined;

/** By duration. */
export function durationCells(view: View): DurationCell[] {
  if (!hasAll(view)) return eventCells(view);
  return slicesOf(view).flatMap(({ from, to, counts }) =>
    counts
      .filter(([number]) => isWantedNumber(view, number))
      .map(([number, bucket, count]) => ({ from, to, trigger: TRIGGERS[number], bucket, count, seconds: undefined })),
  );
}

/** By trigger. */
export function stalledCells(view: View): StalledCell[] {
  if (!hasAll(view)) return eventCells(view);
  return slicesOf(view).flatMap(({ from, to, counts, sums }) =>
    sums
      .filter(([number]) => isWantedNumber(view, number))
      .map(([number, sumNano]) => {
        const count = counts.reduce((sum, [of, , n]) => (of === number ? sum + n : sum), 0);
        return { from, to, trigger: TRIGGERS[number], count, seconds: sumNano / 1e9 };
      }),
  );
}

const slicesOf = ({ data }: View) =>
  data.kernel!.map((slice) => ({ ...slice, from: secondsOf(slice.fromUnixNano), to: secondsOf(slice.toUnixNano) }));

const isWantedNumber = ({ triggers }: View, number: number): boolean =>
  number === UNKNOWN_TRIGGER ? triggers.size === TRIGGERS.length : triggers.has(TRIGGERS[number]!);

function eventCells(view: View): (DurationCell & StalledCell)[] {
  const { cells } = view.data;
  const origin = secondsOf(cells.originUnixNano);
  const width = cells.widthNano / 1e9;
  return cells.rows.flatMap(([bin, service, number, bucket, count, sumNano]) => {
    const trigger = cells.triggers[number]!;
    // Services without a number of their own are in the sum of all only.
    const isWanted =
      service === cells.othersService ? hasAllServices(view, trigger) : view.wants(trigger, serviceOf(cells, service));
    if (!isWanted) return [];
    const from = origin + bin * width;
    return [{ from, to: from + width, trigger, bucket, count, seconds: sumNano / 1e9 }];
  });
}

const hasAllServices = ({ service, triggers }: View, trigger: Trigger): boolean =>
  service === undefined && triggers.has(trigger);

const serviceOf = ({ services }: TimeCells, number: number): string | undefined => services[number] ?? undefined;

export const isIn = ({ from, to }: Cell, { time }: View): boolean => from < time[1] && to > time[0];
