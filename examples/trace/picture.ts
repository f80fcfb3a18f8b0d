// SPDX-License-Identifier: Apache-2.0
/** A trace as an SVG picture like that of a trace viewer: a row for each span, and a panel with the details of the longest stall. */
import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { duration } from '../../src/sinks/text/table.ts';
import { CODE, LABEL, SERVICE_COLOURS, SMALL, style, TITLE } from './picture-style.ts';
import { element, escaped, fit, text, textWidth } from './svg.ts';
import { isStall, length, longestStall, rootOf, shownChildren, stackOf, stalledFor } from './tree.ts';

const WIDTH = 800;
const PAD = 20;
/** Height above the first row. */
const HEAD = 84;
const ROW = 28;
const LINE = 17;
const INDENT = 14;
/** The bars are between these. */
const LEFT = 270;
const RIGHT = WIDTH - PAD;
const TICKS = 7;
/** A span that is shorter than a pixel stays visible. */
const MIN_BAR = 2;

/** Attributes in the panel. */
const ATTRIBUTES = [
  'compaction.trigger',
  'compaction.order',
  'compaction.zone',
  'compaction.status',
  'compaction.fragmentation_index.begin',
  'compaction.pages_scanned.migrate',
  'process.pid',
  'thread.name',
];

const fill = (colour: string) => `fill:var(--${colour})`;
const serviceOf = ({ resource }: ReceivedSpan) => String(resource['service.name']);

/** @returns an SVG document, the same for the same spans */
export function tracePicture(spans: readonly ReceivedSpan[]): string {
  const root = rootOf(spans)!;
  const begin = Math.min(...spans.map(({ start }) => Number(start - root.start)));
  const whole = Math.max(...spans.map(({ end }) => Number(end - root.start))) - begin;
  const at = (time: bigint) => LEFT + ((Number(time - root.start) - begin) / whole) * (RIGHT - LEFT);
  const services = [...new Set([root, ...spans].map(serviceOf))];
  const longest = longestStall(spans);
  const rows: string[] = [];
  let y = HEAD;

  function add(one: ReceivedSpan, depth: number): void {
    const service = SERVICE_COLOURS[services.indexOf(serviceOf(one)) % SERVICE_COLOURS.length]!;
    const colour = isStall(one) ? 'stall' : service;
    rows.push(label(one, PAD + depth * INDENT, y, service), bar(one, y, colour, at(one.start), at(one.end)));
    y += ROW;
    if (one === longest) {
      rows.push(panel(one, y, at(one.start)));
      y += panelHeight(one);
    }
    const { shown, hidden } = shownChildren(spans, one);
    for (const child of shown) add(child, depth + 1);
    if (hidden.length === 0) return;
    const total = hidden.reduce((sum, stall) => sum + length(stall), 0);
    const rest = `and ${hidden.length} shorter stalls, ${duration(total)} in all`;
    rows.push(text(PAD + (depth + 1) * INDENT, y + 18, rest, { class: 'small' }));
    y += ROW;
  }

  add(root, 0);
  const height = y + PAD / 2;
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` };
  return `${element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img' },
    element('title', {}, escaped(`Trace of ${root.span.name}: ${summary(root, spans)}`)),
    element('style', {}, style()),
    element('rect', { ...inset(0, 0, WIDTH, height), rx: 8, style: `${fill('page')};stroke:var(--edge)` }),
    ...header(root, spans),
    ...axis(whole, y),
    ...rows,
  )}\n`;
}

/** A box whose edge lies on whole pixels. */
const inset = (x: number, y: number, width: number, height: number) => ({
  ...{ x: x + 0.5, y: y + 0.5 },
  ...{ width: width - 1, height: height - 1 },
});

const summary = (root: ReceivedSpan, spans: readonly ReceivedSpan[]) =>
  `${duration(stalledFor(spans))} of ${duration(length(root))} stalled in memory compaction`;

function header(root: ReceivedSpan, spans: readonly ReceivedSpan[]): string[] {
  const title = `${serviceOf(root)}: ${root.span.name}`;
  const stalled = summary(root, spans);
  const id = `trace ${root.span.traceId.slice(0, 7)}`;
  return [
    text(PAD, 31, fit(title, TITLE, RIGHT - PAD - textWidth(stalled, LABEL) - PAD), { class: 'title' }),
    text(RIGHT, 31, stalled, { class: 'hot end' }),
    text(PAD, 61, id, { class: 'small' }),
  ];
}

function axis(whole: number, bottom: number): string[] {
  const step = tickStep(whole);
  return Array.from({ length: Math.floor(whole / step) + 1 }, (_, i) => {
    const x = Math.round(LEFT + ((i * step) / whole) * (RIGHT - LEFT)) + 0.5;
    const [divisor, unit] = step >= 1e9 ? [1e9, 's'] : step >= 1e6 ? [1e6, 'ms'] : [1e3, 'us'];
    const name = i === 0 ? '0' : `${(i * step) / divisor} ${unit}`;
    const anchor = i === 0 ? 'start' : x + textWidth(name, SMALL) / 2 > RIGHT ? 'end' : 'middle';
    return [
      text(x, 61, name, { class: 'small', style: `text-anchor:${anchor}` }),
      element('path', { d: `M${x} 69V${bottom}`, style: 'stroke:var(--grid)' }),
    ].join('');
  });
}

/** Distance between two lines of the axis: 1, 2 or 5 times a power of ten nanoseconds, so that at most TICKS follow the first. */
function tickStep(whole: number): number {
  const power = 10 ** Math.floor(Math.log10(whole / TICKS));
  return power * [1, 2, 5, 10].find((factor) => power * factor * TICKS >= whole * 0.999)!;
}

function label(one: ReceivedSpan, x: number, y: number, service: string): string {
  const name = fit(serviceOf(one), LABEL, (LEFT - x) / 2);
  const after = x + 10 + textWidth(name, LABEL) + 4;
  return [
    element('rect', { x, y: y + 5, width: 3, height: ROW - 10, rx: 1.5, style: fill(service) }),
    text(x + 10, y + 19, name, { class: 'name' }),
    text(after, y + 19, fit(one.span.name, LABEL, LEFT - after), { class: isStall(one) ? 'hot' : 'faint' }),
  ].join('');
}

function bar(one: ReceivedSpan, y: number, colour: string, from: number, to: number): string {
  const width = Math.max(to - from, MIN_BAR);
  const time = duration(length(one));
  const room = textWidth(time, SMALL) + 12;
  const place =
    from + width + room <= RIGHT
      ? text(from + width + 6, y + 18, time, { class: 'small' })
      : width >= room
        ? text(from + width - 6, y + 18, time, { class: 'small end', style: fill('page') })
        : text(from - 6, y + 18, time, { class: 'small end' });
  return [element('rect', { x: from, y: y + 7, width, height: ROW - 14, rx: 2, style: fill(colour) }), place].join('');
}

const panelHeight = (one: ReceivedSpan) => LINE * Math.max(ATTRIBUTES.length, stackOf(one).length + 1) + 26;

/** Attributes and stack of a stall, below its row. The tip of the panel's frame points at the stall's bar. */
function panel(one: ReceivedSpan, y: number, tip: number): string {
  const [left, height] = [PAD, panelHeight(one) - 8];
  const present = ATTRIBUTES.filter((name) => name in one.attributes);
  const middle = left + 14 + Math.max(...present.map((name) => textWidth(name, CODE))) + 8;
  const stack = middle + 104;
  const line = (i: number) => y + 21 + i * LINE;
  const row = (x: number, i: number, room: number, content: string, faint = '') =>
    text(x, line(i), fit(content, CODE, room), { class: `code${faint}` });
  const { x, width, ...box } = inset(left, y, RIGHT - left, height);
  const corner = (dx: number, dy: number) => `a4 4 0 0 1 ${dx} ${dy}`;
  const from = Math.round(tip) + 2;
  const d = [
    `M${x + 4} ${box.y}H${from}l6 -6l6 6H${x + width - 4}${corner(4, 4)}v${box.height - 8}${corner(-4, 4)}`,
    `H${x + 4}${corner(-4, -4)}v${8 - box.height}${corner(4, -4)}z`,
  ].join('');
  return [
    element('path', { d, style: `${fill('panel')};stroke:var(--stall)` }),
    ...present.flatMap((name, i) => [
      row(left + 14, i, middle - left - 14, name, ' faint'),
      row(middle, i, stack - middle - 10, String(one.attributes[name])),
    ]),
    row(stack, 0, RIGHT - stack, one.events[0]?.name ?? '', ' faint'),
    ...stackOf(one).map((frame, i) => row(stack + 10, i + 1, RIGHT - stack - 16, frame)),
  ].join('\n');
}
