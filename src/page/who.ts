// SPDX-License-Identifier: Apache-2.0
/** Who waited: a table by service, container, process or thread. */
import type { Totals, Waiting } from '../report/data.ts';
import { addTo, nothing } from '../report/totals.ts';
import { h, section } from './dom.ts';
import { count, counted, duration, share } from './format.ts';
import { hostOf } from './host.ts';
import { sortable } from './sortable.ts';
import type { View } from './view.ts';

/** Processes and threads of several hosts may have the same names and numbers. */
const LEVELS: Readonly<Record<string, (row: Waiting, host: string | undefined) => (string | undefined)[]>> = {
  service: (row) => [row.service],
  container: (row) => [row.container ?? 'no container', row.service],
  process: (row, host) => [`${row.process} ${row.pid}`, row.service, host],
  thread: (row, host) => [`${row.thread} ${row.tid}`, `${row.process} ${row.pid}`, row.service, host],
};
const FEW = 12;

interface Row extends Totals {
  names: (string | undefined)[];
}

export function who(view: View): HTMLElement {
  let level = 'process';
  let isLong = false;
  const buttons = Object.keys(LEVELS).map((name) =>
    h('button', { type: 'button', className: 'tab', onclick: () => choose(name) }, name),
  );
  const more = h('button', { type: 'button', className: 'more', onclick: () => lengthen() });
  const rows = sortable<Row>({
    label: 'Who waited',
    columns: [
      { name: 'Who', cell: (row) => named(row.names), key: (row) => row.names.join('\n'), isText: true },
      { name: 'Stalled', cell: (row) => duration(row.sumNano), key: (row) => row.sumNano },
      { name: 'Share', cell: (row) => bar(row.sumNano, view.data.all.sumNano), key: (row) => row.sumNano },
      { name: 'Longest', cell: (row) => duration(row.longestNano), key: (row) => row.longestNano },
      { name: 'Mean', cell: (row) => duration(row.sumNano / row.count), key: (row) => row.sumNano / row.count },
      { name: 'Count', cell: (row) => count(row.count), key: (row) => row.count },
    ],
    sortedBy: 'Stalled',
  });
  const update = () => {
    const all = rowsOf(view, LEVELS[level]!);
    rows.show(all, isLong ? all.length : FEW);
    more.hidden = all.length <= FEW;
    more.textContent = isLong ? 'Fewer rows' : counted(all.length - FEW, 'more row');
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === level));
  };
  const choose = (name: string) => {
    level = name;
    update();
  };
  const lengthen = () => {
    isLong = !isLong;
    update();
  };
  view.onChange(update);
  update();
  return section(
    'who',
    'Who waited',
    'All recorded compactions, by trigger and service',
    h('div', { className: 'tabs', at: { role: 'group', 'aria-label': 'By' } }, ...buttons),
    rows.element,
    more,
  );
}

function rowsOf(view: View, namesOf: (typeof LEVELS)[string]): Row[] {
  const rows = new Map<string, Row>();
  for (const waiting of view.data.who) {
    if (!view.wants(waiting.trigger, waiting.service)) continue;
    const names = namesOf(waiting, hostOf(view.data, waiting.host));
    const key = JSON.stringify(names);
    const row = rows.get(key) ?? { names, ...nothing() };
    rows.set(key, row);
    addTo(row, waiting);
  }
  const others = view.data.whoOthers;
  return [...rows.values(), ...(others && view.hasAllSums ? [{ names: ['(others)'], ...others }] : [])];
}

function named([first, ...more]: (string | undefined)[]): HTMLElement {
  const rest = more.filter((name) => name !== undefined);
  return h(
    'span',
    { className: 'who' },
    first ?? '(no service)',
    rest.length > 0 && h('small', {}, ` ${rest.join(' · ')}`),
  );
}

function bar(part: number, whole: number): HTMLElement {
  const filled = h('i', {});
  filled.style.width = `${whole > 0 ? (part / whole) * 100 : 0}%`;
  return h(
    'span',
    { className: 'share' },
    h('span', { className: 'bar', at: { 'aria-hidden': 'true' } }, filled),
    share(part, whole),
  );
}
