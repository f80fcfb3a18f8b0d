// SPDX-License-Identifier: Apache-2.0
/** Each stall at its length, in the row of its thread: coloured by trigger, its end shaped by outcome. */
import type uPlot from 'uplot';
import { printable } from '../terminal.ts';
import { h } from './dom.ts';
import { counted, duration } from './format.ts';
import { hostOf } from './host.ts';
import { addGlyph, colour, FONT, triggerColour } from './theme.ts';
import { gutterOf, type TimePlot, timePlot } from './time-plot.ts';
import { outcomeOf, type Stall, type View } from './view.ts';

const LANE = 17;
const FEW_LANES = 24;
const MANY_LANES = 300;
/** How near the pointer has to be, in pixels. */
const NEAR = 6;
/** Beyond, short stalls have no shape: they would hide each other. */
const MANY_STALLS = 1500;

interface Lane {
  /** A service above its threads has no stalls. */
  service?: string;
  name: string;
  stalls: Stall[];
  sumNano: number;
}

export function timeline(view: View, select: (stall: Stall) => void, step: (by: number) => void): TimePlot {
  let isLong = false;
  let lanes: Lane[] = [];
  let left = 0;
  const more = h('button', { type: 'button', className: 'more', onclick: () => toggle() });
  const find = () => {
    const all = lanesOf(view);
    const threads = all.filter(({ service }) => service === undefined).length;
    lanes = firstLanes(all, isLong ? MANY_LANES : FEW_LANES);
    left = threads - lanes.filter(({ service }) => service === undefined).length;
    more.hidden = left === 0 && !isLong;
    more.textContent = isLong ? 'Fewer threads' : `${counted(left, 'more thread')}`;
  };
  find();
  const laneAt = (plot: uPlot, top: number) =>
    lanes[Math.floor((top / plot.over.clientHeight) * Math.max(1, lanes.length))];
  const stallAt = (plot: uPlot, x: number, top: number): Stall | undefined => {
    const seconds = plot.posToVal(x, 'x');
    const near = plot.posToVal(x + NEAR, 'x') - seconds;
    let best: Stall | undefined;
    let least = near;
    for (const stall of laneAt(plot, top)?.stalls ?? []) {
      const distance = Math.max(stall.from - seconds, seconds - stall.to, 0);
      if (distance > least || (distance === least && best)) continue;
      [best, least] = [stall, distance];
    }
    return best;
  };
  const plot = timePlot(view, {
    label: 'Timeline of stalls by service and thread',
    height: () => Math.max(1, lanes.length) * LANE,
    hasTimeAxis: true,
    y: { scale: { range: [0, 1] }, axis: { values: () => [], grid: { show: false } } },
    draw: (plot, context) => drawLanes(plot, context, lanes, view),
    at: (plot, x, top) => {
      const stall = stallAt(plot, x, top);
      return (
        stall && [
          `${duration(stall.durationNano)} ${stall.trigger}, ${stall.status}`,
          `${stall.comm} ${stall.tid}${stall.service === undefined ? '' : ` of ${stall.service}`}`,
          `node ${stall.node} ${stall.zone}, order ${stall.order}`,
        ]
      );
    },
    onClick: (plot, x, top) => {
      const stall = stallAt(plot, x, top);
      if (stall) select(stall);
    },
    onKey: (key) => {
      if (key !== 'ArrowLeft' && key !== 'ArrowRight') return false;
      step(key === 'ArrowLeft' ? -1 : 1);
      return true;
    },
  });
  const update = () => {
    find();
    plot.update();
  };
  const toggle = () => {
    isLong = !isLong;
    update();
  };
  return { element: h('div', {}, plot.element, more), update };
}

/** Services by what they waited, and their threads by the same. */
function lanesOf({ shown, data }: View): Lane[] {
  const services = new Map<string, { sumNano: number; lanes: Map<string, Lane> }>();
  for (const stall of shown) {
    const name = stall.service ?? '(no service)';
    const service = services.get(name) ?? { sumNano: 0, lanes: new Map() };
    services.set(name, service);
    const key = `${stall.host}/${stall.pid}/${stall.tid}/${stall.comm}`;
    const host = hostOf(data, stall.host);
    const thread = `${stall.comm} ${stall.tid}${host === undefined ? '' : ` ${host}`}`;
    const lane = service.lanes.get(key) ?? { name: thread, stalls: [], sumNano: 0 };
    service.lanes.set(key, lane);
    lane.stalls.push(stall);
    lane.sumNano += stall.durationNano;
    service.sumNano += stall.durationNano;
  }
  return [...services]
    .sort(([, a], [, b]) => b.sumNano - a.sumNano)
    .flatMap(([service, { sumNano, lanes }]) => [
      { service, name: service, stalls: [], sumNano },
      ...[...lanes.values()].sort((a, b) => b.sumNano - a.sumNano),
    ]);
}

/** So many of them; no service without a thread at the end. */
function firstLanes(all: readonly Lane[], most: number): Lane[] {
  const first = all.slice(0, most);
  return first.at(-1)?.service === undefined ? first : first.slice(0, -1);
}

function drawLanes(plot: uPlot, context: CanvasRenderingContext2D, lanes: readonly Lane[], view: View): void {
  const ratio = devicePixelRatio;
  const { left, top, height, width } = plot.bbox;
  const each = height / Math.max(1, lanes.length);
  const hasShapes = view.shown.length <= MANY_STALLS;
  const gutter = (gutterOf(plot.width) - 10) * ratio;
  context.textBaseline = 'middle';
  lanes.forEach((lane, i) => {
    const middle = top + (i + 0.5) * each;
    context.font = FONT.replace('11', `${lane.service === undefined ? '' : '600 '}${11 * ratio}`);
    context.fillStyle = colour(lane.service === undefined ? '--quiet' : '--ink');
    context.textAlign = lane.service === undefined ? 'right' : 'left';
    const text = fitted(context, printable(lane.name), gutter);
    context.fillText(text, lane.service === undefined ? left - 8 * ratio : left - gutter - 8 * ratio, middle);
    context.strokeStyle = colour('--line');
    context.lineWidth = ratio;
    context.beginPath();
    context.moveTo(
      lane.service === undefined ? left : left - gutter - 8 * ratio,
      top + (lane.service === undefined ? (i + 1) * each : i * each),
    );
    context.lineTo(left + width, top + (lane.service === undefined ? (i + 1) * each : i * each));
    context.stroke();
    for (const stall of lane.stalls) drawStall(plot, context, stall, middle, hasShapes, stall === view.selected);
  });
}

function drawStall(
  plot: uPlot,
  context: CanvasRenderingContext2D,
  stall: Stall,
  middle: number,
  hasShapes: boolean,
  isSelected: boolean,
): void {
  const ratio = devicePixelRatio;
  const from = plot.valToPos(stall.from, 'x', true);
  const length = Math.max(2 * ratio, plot.valToPos(stall.to, 'x', true) - from);
  const { left, width } = plot.bbox;
  // Not over the names.
  const start = Math.max(from, left);
  const end = Math.min(from + length, left + width);
  if (end <= start) return;
  context.fillStyle = triggerColour(stall.trigger);
  context.globalAlpha = 0.55;
  context.fillRect(start, middle - 3.5 * ratio, end - start, 7 * ratio);
  context.globalAlpha = 1;
  context.beginPath();
  const isWide = length > 6 * ratio;
  if (hasShapes || isWide) addGlyph(context, outcomeOf(stall), isWide ? end : start + length / 2, middle, 3.4 * ratio);
  context.fill();
  if (!isSelected) return;
  context.strokeStyle = colour('--ink');
  context.lineWidth = 1.5 * ratio;
  context.strokeRect(start - 4 * ratio, middle - 7 * ratio, end - start + 8 * ratio, 14 * ratio);
}

/** The text, or as much of it as there is room for. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  const characters = [...text];
  let [least, most] = [0, characters.length];
  while (least < most) {
    const half = Math.ceil((least + most) / 2);
    if (context.measureText(`${characters.slice(0, half).join('')}…`).width <= width) least = half;
    else most = half - 1;
  }
  return `${characters.slice(0, least).join('')}…`;
}
