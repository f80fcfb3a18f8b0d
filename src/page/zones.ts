// SPDX-License-Identifier: Apache-2.0
/** Whether compaction helped: each zone at the begin and at the end of compactions. */
import uPlot from 'uplot';
import type { ReportData, ZoneBin, ZoneHistory } from '../report/data.ts';
import { asTable, fill, h, section } from './dom.ts';
import { clock, count, counted, secondsOf, small } from './format.ts';
import { hostOf } from './host.ts';
import { colour, FONT, onTheme } from './theme.ts';
import { timeLabels } from './time-plot.ts';
import type { View } from './view.ts';

/** Newer data is drawn at most so often: each zone has a plot. */
const REDRAW_MS = 5000;

export function zones(view: View): HTMLElement {
  let plots: (() => void)[] = [];
  const place = h('div', { className: 'zones' });
  const asRows = asTable('Zones', () => zonesTable(view.data));
  let drawn: readonly ZoneHistory[] | undefined;
  let drawnMs = 0;
  const update = () => {
    if (view.data.zones === drawn || (drawn?.length && performance.now() - drawnMs < REDRAW_MS)) return;
    [drawn, drawnMs, plots] = [view.data.zones, performance.now(), []];
    fill(place, ...drawn.map((zone) => zoneOf(zone, hostOf(view.data, zone.host), plots)));
    asRows.dispatchEvent(new Event('refresh'));
  };
  view.onChange(update);
  update();
  const element = section(
    'zones',
    'Did it help? Zones at begin and end',
    'Means of all compactions of a zone. A block made for a direct stall is handed over at once and not counted',
    place,
    asRows,
  );
  onTheme(() => {
    for (const redraw of plots) redraw();
  });
  return element;
}

function zoneOf(history: ZoneHistory, host: string | undefined, plots: (() => void)[]): HTMLElement {
  const sums = total(history.bins);
  const blocks = sums.blocksBegin.map((n, order) => ({
    order,
    begin: n / sums.count,
    end: (sums.blocksEnd[order] ?? 0) / sums.count,
  }));
  const most = Math.max(1, ...blocks.flatMap(({ begin, end }) => [begin, end]));
  const place = h('div', { className: 'zone-plot' });
  if (sums.indexed > 0) plots.push(indexPlot(history, place));
  return h(
    'article',
    { className: 'zone' },
    h(
      'h3',
      {},
      host !== undefined && `${host} · `,
      `node ${history.node} · ${history.zone}`,
      h('small', {}, ` ${counted(sums.count, 'compaction')}`),
    ),
    h(
      'p',
      { className: 'quiet' },
      `Free pages ${small(sums.freeBegin / sums.count)} → ${small(sums.freeEnd / sums.count)}`,
    ),
    sums.indexed > 0
      ? h(
          'p',
          { className: 'quiet' },
          `Fragmentation index ${(sums.indexBegin / sums.indexed).toFixed(2)} → ${(sums.indexEnd / sums.indexed).toFixed(2)}: 1 fragmented, 0 short of memory, -1 a block is free`,
        )
      : h('p', { className: 'quiet' }, 'No fragmentation index: whole zones were compacted'),
    place,
    h(
      'table',
      { className: 'blocks' },
      h('caption', {}, 'Free blocks by order'),
      h('thead', {}, h('tr', {}, ...stateHeadings('Order'))),
      h(
        'tbody',
        {},
        ...blocks.map(({ order, begin, end }) =>
          h(
            'tr',
            {},
            h('td', {}, order),
            h('td', {}, small(begin)),
            h('td', {}, small(end)),
            h('td', {}, pair(begin, end, most)),
          ),
        ),
      ),
    ),
  );
}

/** With the colours of the bars. */
export const stateHeadings = (first: string): HTMLElement[] => [
  h('th', { scope: 'col' }, first),
  h('th', { scope: 'col' }, h('span', { className: 'key begin' }, 'Begin')),
  h('th', { scope: 'col' }, h('span', { className: 'key end' }, 'End')),
  h('th', {}, h('span', { className: 'unseen' }, 'Bars')),
];

/** Two bars on a scale of logarithms. */
export function pair(begin: number, end: number, most: number): HTMLElement {
  const one = (value: number, name: string) => {
    const bar = h('i', { className: value > 0 ? name : `${name} none` });
    bar.style.width = `${(Math.log1p(value) / Math.log1p(most)) * 100}%`;
    return bar;
  };
  return h('span', { className: 'pair', at: { 'aria-hidden': 'true' } }, one(begin, 'begin'), one(end, 'end'));
}

function indexPlot(history: ZoneHistory, place: HTMLElement): () => void {
  const points = history.bins.filter(({ indexed }) => indexed > 0);
  const x = points.map((bin) => middleOf(history, bin));
  const margin = Math.max(1e-3, (x.at(-1)! - x[0]!) * 0.04);
  const line = (name: string, width: number, dash?: number[]): uPlot.Series => ({
    stroke: () => colour(name),
    width,
    ...(dash && { dash }),
    points: { show: true, size: 5, stroke: () => colour(name), fill: () => colour(dash ? '--paper' : name) },
  });
  const axis = {
    stroke: () => colour('--quiet'),
    font: FONT,
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const plot = new uPlot(
    {
      width: 300,
      height: 122,
      padding: [6, 8, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true, range: [x[0]! - margin, x.at(-1)! + margin] }, y: { range: [-1.1, 1.1] } },
      axes: [
        { ...axis, size: 34, space: 80, values: timeLabels },
        { ...axis, size: 30, splits: [-1, 0, 1] as unknown as uPlot.Axis.Splits },
      ],
      series: [{}, line('--begin', 1, [3, 3]), line('--end', 1.5)],
    },
    [x, points.map((bin) => bin.indexBegin / bin.indexed), points.map((bin) => bin.indexEnd / bin.indexed)],
    place,
  );
  new ResizeObserver(() => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: 122 });
  }).observe(place);
  return () => plot.redraw(false, true);
}

const middleOf = ({ originUnixNano, widthNano }: ZoneHistory, { bin }: ZoneBin) =>
  secondsOf(originUnixNano) + ((bin + 0.5) * widthNano) / 1e9;

function total(bins: readonly ZoneBin[]): Omit<ZoneBin, 'bin'> {
  const sum = (key: 'count' | 'freeBegin' | 'freeEnd' | 'indexed' | 'indexBegin' | 'indexEnd') =>
    bins.reduce((all, bin) => all + bin[key], 0);
  const blocks = (key: 'blocksBegin' | 'blocksEnd') => {
    const orders = Math.max(0, ...bins.map((bin) => bin[key].length));
    return Array.from({ length: orders }, (_, order) => bins.reduce((all, bin) => all + (bin[key][order] ?? 0), 0));
  };
  return {
    count: sum('count'),
    freeBegin: sum('freeBegin'),
    freeEnd: sum('freeEnd'),
    indexed: sum('indexed'),
    indexBegin: sum('indexBegin'),
    indexEnd: sum('indexEnd'),
    blocksBegin: blocks('blocksBegin'),
    blocksEnd: blocks('blocksEnd'),
  };
}

function zonesTable(data: ReportData) {
  return {
    head: [
      'Zone',
      'Time',
      'Compactions',
      'Free pages, begin',
      'end',
      'Index, begin',
      'end',
      'Blocks by order, begin',
      'end',
    ],
    rows: data.zones.flatMap((zone) =>
      zone.bins.map((bin) => [
        [hostOf(data, zone.host), `${zone.node}/${zone.zone}`].filter((name) => name !== undefined).join(' '),
        clock(middleOf(zone, bin)),
        count(bin.count),
        small(bin.freeBegin / bin.count),
        small(bin.freeEnd / bin.count),
        bin.indexed > 0 ? (bin.indexBegin / bin.indexed).toFixed(3) : '-',
        bin.indexed > 0 ? (bin.indexEnd / bin.indexed).toFixed(3) : '-',
        bin.blocksBegin.map((n) => small(n / bin.count)).join(' '),
        bin.blocksEnd.map((n) => small(n / bin.count)).join(' '),
      ]),
    ),
  };
}
