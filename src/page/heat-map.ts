// SPDX-License-Identifier: Apache-2.0
/** How many compactions took how long, by time: all of them, also those that are not shown in full. */
import { HISTOGRAM_SCALE, ZERO_BUCKET } from '../report/data.ts';
import { bucketEnd } from '../report/totals.ts';
import { count, counted, duration, span } from './format.ts';
import { durationCells, isIn } from './sums.ts';
import { colour } from './theme.ts';
import { type TimePlot, timePlot } from './time-plot.ts';
import type { View } from './view.ts';

interface Cell {
  from: number;
  to: number;
  bucket: number;
  count: number;
  /** undefined where it is not known. */
  seconds: number | undefined;
}

/** Where a bucket begins and ends, in seconds. Durations of zero are drawn below a nanosecond. */
const endOf = (bucket: number) => (bucket === ZERO_BUCKET ? 1e-9 : bucketEnd(bucket) / 1e9);
const beginOf = (bucket: number) => endOf(bucket) / 2 ** (1 / 2 ** HISTOGRAM_SCALE);

/** From 10 ms on the table has a mark, and from 100 ms on two. */
const MARKS = [0.01, 0.1];

export function heatMap(view: View): TimePlot {
  let cells = cellsOf(view);
  let [least, most] = [0, 0];
  const find = () => {
    cells = cellsOf(view);
    [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    // There may be more of them than a call takes arguments.
    for (const one of cells.map(density)) [least, most] = [Math.min(least, one), Math.max(most, one)];
  };
  find();
  const plot = timePlot(view, {
    label: 'Durations over time',
    height: () => 170,
    hasTimeAxis: false,
    y: {
      scale: { distr: 3, log: 10, range: () => durations(view) },
      axis: {
        splits: () => decades(view),
        values: (_plot, splits) => splits.map((s) => (s === null ? '' : short(s))),
        space: 18,
      },
    },
    draw: (plot, context) => {
      for (const cell of cells) {
        const left = plot.valToPos(cell.from, 'x', true);
        const right = plot.valToPos(cell.to, 'x', true);
        const top = plot.valToPos(endOf(cell.bucket), 'y', true);
        const bottom = plot.valToPos(beginOf(cell.bucket), 'y', true);
        context.globalAlpha =
          most === least ? 0.7 : 0.36 + (0.64 * Math.log(density(cell) / least)) / Math.log(most / least);
        context.fillStyle = colour('--heat');
        context.fillRect(left, top, Math.max(1, right - left - 0.5), Math.max(1, bottom - top - 0.5));
      }
      context.globalAlpha = 1;
      context.strokeStyle = colour('--quiet');
      context.setLineDash([2, 4]);
      for (const mark of MARKS) {
        const y = Math.round(plot.valToPos(mark, 'y', true)) + 0.5;
        context.beginPath();
        context.moveTo(plot.bbox.left, y);
        context.lineTo(plot.bbox.left + plot.bbox.width, y);
        context.stroke();
      }
    },
    at: (plot, left, top) => {
      const [x, y] = [plot.posToVal(left, 'x'), plot.posToVal(top, 'y')];
      const cell = cells.find((c) => c.from <= x && x < c.to && beginOf(c.bucket) < y && y <= endOf(c.bucket));
      return (
        cell && [
          span(cell.from, cell.to),
          rangeOf(cell.bucket),
          `${counted(cell.count, 'compaction')}${cell.seconds === undefined ? '' : `, ${duration(cell.seconds * 1e9)} in all`}`,
        ]
      );
    },
  });
  return {
    ...plot,
    update: () => {
      find();
      plot.update();
    },
  };
}

function cellsOf(view: View): Cell[] {
  const cells = new Map<string, Cell>();
  for (const row of durationCells(view)) {
    if (!isIn(row, view)) continue;
    const key = `${row.from} ${row.bucket}`;
    const { from, to, bucket } = row;
    const cell = cells.get(key) ?? { from, to, bucket, count: 0, seconds: undefined };
    cells.set(key, cell);
    cell.count += row.count;
    cell.seconds = plus(cell.seconds, row.seconds);
  }
  return [...cells.values()];
}

/** Compactions a second: older slices of a running agent are longer. */
const density = ({ count, from, to }: Cell): number => count / (to - from);

/** Not known where the second is not. */
const plus = (sum: number | undefined, n: number | undefined) => (n === undefined ? sum : (sum ?? 0) + n);

/** The powers of ten around all durations, whatever the filters: the axis stays. */
function durations(view: View): [number, number] {
  const { cells, kernel = [] } = view.data;
  const buckets = new Set(cells.rows.map(([, , , bucket]) => bucket));
  for (const { counts } of kernel) for (const [, bucket] of counts) buckets.add(bucket);
  if (buckets.size === 0) return [1e-6, 1];
  const log = (seconds: number) => Math.log10(seconds);
  const least = Math.floor(log(Math.min(...[...buckets].map(beginOf))) + 1e-9);
  const longest = Math.ceil(log(Math.max(...[...buckets].map(endOf))) - 1e-9);
  return [10 ** least, 10 ** Math.max(longest, least + 2)];
}

function decades(view: View): number[] {
  const [least, longest] = durations(view).map((end) => Math.round(Math.log10(end)));
  return Array.from({ length: longest! - least! + 1 }, (_, i) => 10 ** (least! + i));
}

function short(seconds: number): string {
  if (seconds >= 0.9999) return `${Math.round(seconds)} s`;
  if (seconds >= 0.9999e-3) return `${Math.round(seconds * 1e3)} ms`;
  if (seconds >= 0.9999e-6) return `${Math.round(seconds * 1e6)} us`;
  return `${Math.round(seconds * 1e9)} ns`;
}

const rangeOf = (bucket: number) =>
  bucket === ZERO_BUCKET ? '0' : `${duration(beginOf(bucket) * 1e9)} – ${duration(endOf(bucket) * 1e9)}`;

/** The same as a table: the buckets, over the time that is looked at. */
export function heatTable(view: View) {
  const rows = new Map<number, Pick<Cell, 'count' | 'seconds'>>();
  for (const { bucket, count: n, seconds } of cellsOf(view)) {
    const row = rows.get(bucket) ?? { count: 0, seconds: undefined };
    rows.set(bucket, { count: row.count + n, seconds: plus(row.seconds, seconds) });
  }
  return {
    head: ['Duration', 'Compactions', 'Stalled'],
    rows: [...rows]
      .sort(([a], [b]) => b - a)
      .map(([bucket, row]) => [
        rangeOf(bucket),
        count(row.count),
        row.seconds === undefined ? 'not known' : duration(row.seconds * 1e9),
      ]),
  };
}
