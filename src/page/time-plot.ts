// SPDX-License-Identifier: Apache-2.0
/** A plot over time: axes, zoom by mouse and keyboard, and the text at the pointer. Those of a page are aligned. */
import uPlot from 'uplot';
import { fill, h } from './dom.ts';
import { clock } from './format.ts';
import { colour, FONT, onTheme } from './theme.ts';
import type { View } from './view.ts';

const TOP = 6;
/** Half the width of a digit of a label. */
const HALF_DIGIT = 3.2;
const X_AXIS = 34;
const RIGHT = 8;
/** The shortest part of time that can be looked at, in seconds. */
const SHORTEST = 2e-3;

/** Left of the plots: the names of threads and the durations. */
export const gutterOf = (width: number): number => (width < 600 ? 92 : 190);

export interface TimePlot {
  element: HTMLElement;
  /** Draws it again, perhaps with another height. */
  update(): void;
}

export interface TimePlotOptions {
  label: string;
  /** In pixels, without the axis of time. */
  height: () => number;
  hasTimeAxis: boolean;
  y: { scale: uPlot.Scale; axis: uPlot.Axis };
  /** In device pixels. */
  draw: (plot: uPlot, context: CanvasRenderingContext2D) => void;
  /** The lines for what is at a place, in CSS pixels within the plot. */
  at: (plot: uPlot, left: number, top: number) => string[] | undefined;
  onClick?: (plot: uPlot, left: number, top: number) => void;
  /** @returns whether it was for the plot */
  onKey?: (key: string) => boolean;
}

export function timePlot(view: View, options: TimePlotOptions): TimePlot {
  const { label, hasTimeAxis, y } = options;
  const tip = h('div', { className: 'tip', hidden: true });
  const element = h('div', {
    className: 'plot',
    tabIndex: 0,
    at: { role: 'group', 'aria-label': `${label}. Arrow keys move, plus and minus zoom, 0 shows all.` },
  });
  const heightNow = () => options.height() + TOP + (hasTimeAxis ? X_AXIS : 4);
  let down: { x: number; y: number } | undefined;

  const plot = new uPlot(
    {
      width: 600,
      height: heightNow(),
      padding: [TOP, RIGHT, hasTimeAxis ? 0 : 4, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        bind: { dblclick: () => () => void view.change({ time: view.whole }) as unknown as null },
      },
      scales: { x: { time: true, range: (_plot, min, max) => [min, max] }, y: y.scale },
      axes: [
        {
          show: hasTimeAxis,
          values: timeLabels,
          space: 70,
          stroke: () => colour('--quiet'),
          font: FONT,
          size: X_AXIS,
          grid: { stroke: () => colour('--line'), width: 1 },
          ticks: { stroke: () => colour('--line'), width: 1, size: 4 },
        },
        {
          stroke: () => colour('--quiet'),
          font: FONT,
          size: (plot) => gutterOf(plot.width),
          ticks: { show: false },
          grid: { stroke: () => colour('--line'), width: 1 },
          ...y.axis,
        },
      ],
      series: [{}, { scale: 'y', points: { show: false }, stroke: 'transparent' }],
      hooks: {
        draw: [(plot) => clipped(plot, () => options.draw(plot, plot.ctx))],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            zoomTo(view, from, to);
          },
        ],
        setCursor: [
          (plot) => {
            const { left = -1, top = -1 } = plot.cursor;
            const lines = left < 0 ? undefined : options.at(plot, left, top);
            tip.hidden = !lines;
            if (!lines) return;
            fill(tip, ...lines.map((line) => h('div', {}, line)));
            const over = plot.over.getBoundingClientRect();
            const box = element.getBoundingClientRect();
            const x = over.left - box.left + left;
            tip.style.left = `${Math.max(0, Math.min(x + 12, box.width - tip.offsetWidth))}px`;
            tip.style.top = `${over.top - box.top + top + 16}px`;
          },
        ],
      },
    },
    [
      [view.whole[0], view.whole[1]],
      [null, null],
    ],
    element,
  );
  element.append(tip);
  plot.over.addEventListener('pointerdown', (event) => {
    down = { x: event.clientX, y: event.clientY };
  });
  plot.over.addEventListener('click', (event) => {
    if (down && Math.hypot(event.clientX - down.x, event.clientY - down.y) > 4) return;
    const box = plot.over.getBoundingClientRect();
    options.onClick?.(plot, event.clientX - box.left, event.clientY - box.top);
  });
  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (options.onKey?.(event.key) || moveBy(view, event.key)) event.preventDefault();
  });

  const update = () => {
    const width = element.clientWidth;
    if (width === 0) return;
    plot.setSize({ width, height: heightNow() });
    plot.setScale('x', { min: view.time[0], max: view.time[1] });
    plot.redraw(false, true);
  };
  new ResizeObserver(update).observe(element);
  onTheme(update);
  return { element, update };
}

function clipped(plot: uPlot, draw: () => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  // The gutter belongs to the plot: names stand there.
  ctx.rect(0, bbox.top, bbox.left + bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}

function zoomTo(view: View, from: number, to: number): void {
  const [first, last] = view.whole;
  const length = Math.min(Math.max(to - from, SHORTEST), last - first);
  const start = Math.min(Math.max(from, first), last - length);
  view.change({ time: length >= last - first ? view.whole : [start, start + length] });
}

/** @returns whether the key moves or zooms */
export function moveBy(view: View, key: string): boolean {
  const [from, to] = view.time;
  const length = to - from;
  if (key === 'ArrowLeft') zoomTo(view, from - length / 5, to - length / 5);
  else if (key === 'ArrowRight') zoomTo(view, from + length / 5, to + length / 5);
  else if (key === '+' || key === '=') zoomTo(view, from + length / 4, to - length / 4);
  else if (key === '-') zoomTo(view, from - length / 2, to + length / 2);
  else if (key === '0') view.change({ time: view.whole });
  else return false;
  return true;
}

/** As exact as the distance of two labels asks for; the first has the date below it, and so has the first of another day. */
export const timeLabels: uPlot.Axis.DynamicValues = (plot, splits, _axis, _space, step) => {
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  let last = '';
  return splits.map((seconds) => {
    const [date = '', time = ''] = clock(seconds, digits).split(' ');
    const text = step >= 60 ? time.slice(0, 5) : time;
    // What is cut at the right edge would be another time.
    const room = plot.width - plot.bbox.left / devicePixelRatio - plot.valToPos(seconds, 'x');
    if (room < HALF_DIGIT * text.length) return '';
    if (date === last) return text;
    last = date;
    return `${text}\n${date}`;
  });
};
