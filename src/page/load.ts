// SPDX-License-Identifier: Apache-2.0
/** Time stalled, by time and trigger. */
import type uPlot from 'uplot';
import { TRIGGERS, type Trigger } from '../event/event.ts';
import { count, counted, duration, secondsOf, span } from './format.ts';
import { isIn, stalledCells } from './sums.ts';
import { colour, triggerColour } from './theme.ts';
import { type TimePlot, timePlot } from './time-plot.ts';
import type { View } from './view.ts';

interface Bar {
  from: number;
  to: number;
  count: number;
  seconds: number;
  /** Those of which it is not known are undefined. */
  byTrigger: Map<Trigger | undefined, number>;
}

export function loadPlot(view: View): TimePlot {
  let bars = barsOf(view);
  const plot = timePlot(view, {
    label: 'Time stalled',
    height: () => 56,
    hasTimeAxis: false,
    y: {
      scale: { range: () => [0, Math.max(1e-9, ...bars.map(({ seconds }) => seconds)) * 1.08] },
      axis: {
        values: (_plot, splits) => splits.map((s) => (s === 0 ? '' : duration(s * 1e9).replace(/\.?0+ /, ' '))),
        space: 26,
      },
    },
    draw: (plot, context) => {
      for (const { from, to, byTrigger } of bars) {
        const left = plot.valToPos(from, 'x', true);
        const width = Math.max(1, plot.valToPos(to, 'x', true) - left - 1);
        let below = 0;
        for (const [trigger, seconds] of byTrigger) {
          const bottom = plot.valToPos(below, 'y', true);
          below += seconds;
          const top = plot.valToPos(below, 'y', true);
          context.fillStyle = trigger ? triggerColour(trigger) : colour('--quiet');
          context.fillRect(left, top, width, Math.max(1, bottom - top));
        }
      }
      drawGaps(view, plot, context);
    },
    at: (plot, left) => {
      const seconds = plot.posToVal(left, 'x');
      const bar = bars.find(({ from, to }) => from <= seconds && seconds < to);
      const gap = gapAt(view, seconds);
      if (!bar) return gap;
      const parts = [...bar.byTrigger].map(
        ([trigger, part]) => `${trigger ?? 'trigger not known'} ${duration(part * 1e9)}`,
      );
      return [
        span(bar.from, bar.to),
        `${duration(bar.seconds * 1e9)} in ${counted(bar.count, 'compaction')}`,
        ...parts,
        ...(gap ?? []),
      ];
    },
  });
  return {
    ...plot,
    update: () => {
      bars = barsOf(view);
      plot.update();
    },
  };
}

/** When compactions were left out or lost: a strip at the bottom. */
function drawGaps(view: View, plot: uPlot, context: CanvasRenderingContext2D): void {
  const { top, height } = plot.bbox;
  const high = 4 * devicePixelRatio;
  context.fillStyle = colour('--ink');
  for (const { startUnixNano, durationNano } of view.data.gaps) {
    const from = secondsOf(startUnixNano);
    const left = plot.valToPos(from, 'x', true);
    const width = Math.max(high, plot.valToPos(from + durationNano / 1e9, 'x', true) - left);
    context.fillRect(left, top + height - high, width, high);
  }
}

function gapAt(view: View, seconds: number): string[] | undefined {
  const near = (view.time[1] - view.time[0]) / 200;
  const at = view.data.gaps.filter(({ startUnixNano, durationNano }) => {
    const from = secondsOf(startUnixNano);
    return from - near <= seconds && seconds <= from + durationNano / 1e9 + near;
  });
  if (at.length === 0) return undefined;
  return at.slice(0, 5).map(({ text, count: n }) => `missing: ${counted(n, 'compaction')}, ${text}`);
}

function barsOf(view: View): Bar[] {
  const bars = new Map<number, Bar>();
  for (const cell of stalledCells(view)) {
    if (!isIn(cell, view)) continue;
    const bar = bars.get(cell.from) ?? { from: cell.from, to: cell.to, count: 0, seconds: 0, byTrigger: new Map() };
    bars.set(cell.from, bar);
    bar.count += cell.count;
    bar.seconds += cell.seconds;
    bar.byTrigger.set(cell.trigger, (bar.byTrigger.get(cell.trigger) ?? 0) + cell.seconds);
  }
  for (const bar of bars.values()) {
    bar.byTrigger = new Map([...bar.byTrigger].sort(([a], [b]) => TRIGGERS.indexOf(a!) - TRIGGERS.indexOf(b!)));
  }
  return [...bars.values()];
}

/** The same as a table. */
export function loadTable(view: View) {
  return {
    head: ['Time', 'Compactions', 'Stalled', ...TRIGGERS],
    rows: barsOf(view).map(({ from, to, count: n, seconds, byTrigger }) => [
      span(from, to),
      count(n),
      duration(seconds * 1e9),
      ...TRIGGERS.map((trigger) => duration((byTrigger.get(trigger) ?? 0) * 1e9)),
    ]),
  };
}
