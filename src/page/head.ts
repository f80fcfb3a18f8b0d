// SPDX-License-Identifier: Apache-2.0
/** The top of the page: what it is of, how much was stalled, and the books with all that is missing. */
import { TRIGGERS } from '../event/event.ts';
import type { ReportData } from '../report/data.ts';
import { h, table } from './dom.ts';
import { clock, count, counted, duration, secondsOf, timeZone } from './format.ts';
import type { View } from './view.ts';

export function head({ data }: View): HTMLElement {
  const { recording, all, startUnixNano, endUnixNano, filters, version } = data;
  const [from, to] = [secondsOf(startUnixNano), secondsOf(endUnixNano)];
  const hosts = new Set(
    data.resources.map((resource) => resource['host.name']).filter((name) => typeof name === 'string'),
  );
  const time =
    all.count > 0
      ? `${clock(from)} – ${clock(to, 3).slice(11)} (${timeZone()}), ${duration((to - from) * 1e9)}`
      : 'no compaction';
  return h(
    'header',
    { className: 'top' },
    h(
      'div',
      { className: 'title' },
      h('h1', {}, 'Memory compaction'),
      h('p', {}, [recording, ...(hosts.size === 1 ? [[...hosts][0]!] : []), time].join(' · ')),
      filters.length > 0 && h('p', { className: 'warn' }, `Only a part of the recording: ${filters.join(' ')}`),
      h('p', { className: 'quiet' }, `compactstall ${version}`),
    ),
    figures(data),
    books(data),
  );
}

function figures({ all, cells, who, whoOthers }: ReportData): HTMLElement {
  const rows = TRIGGERS.map((trigger) => {
    const of = cells.rows.filter(([, , number]) => cells.triggers[number] === trigger);
    const longest = Math.max(0, ...who.filter((row) => row.trigger === trigger).map((row) => row.longestNano));
    return {
      trigger,
      count: of.reduce((sum, [, , , , n]) => sum + n, 0),
      sumNano: of.reduce((sum, [, , , , , ns]) => sum + ns, 0),
      // Rows that had no place may have had a longer one.
      longest: whoOthers ? undefined : longest,
    };
  });
  const figure = (name: string, value: string, note: string) =>
    h('div', { className: `figure ${name}` }, h('dt', {}, name), h('dd', {}, value, h('small', {}, note)));
  return h(
    'dl',
    { className: 'figures' },
    figure('all', duration(all.sumNano), `${counted(all.count, 'compaction')}, longest ${duration(all.longestNano)}`),
    ...rows
      .filter((row) => row.count > 0)
      .map(({ trigger, count: n, sumNano, longest }) =>
        figure(
          trigger,
          duration(sumNano),
          `${count(n)}${longest === undefined ? '' : `, longest ${duration(longest)}`}`,
        ),
      ),
  );
}

function books({ books, notRecorded, stalls, all, whoOthers, stacksOthers, zonesLeftOut }: ReportData): HTMLElement {
  const missing = notRecorded.reduce((sum, row) => sum + row.count, 0);
  const lost = Object.entries(books.lost);
  const missingRows = notRecorded.map((row) => [
    row.text,
    count(row.count),
    row.sumNano === undefined ? 'not known' : duration(row.sumNano),
    row.longestNano === undefined ? 'not known' : duration(row.longestNano),
    `${clock(secondsOf(row.fromUnixNano))} – ${clock(secondsOf(row.toUnixNano))}`,
  ]);
  const cut = [
    stalls.length < all.count &&
      `The longest ${count(stalls.length)} of ${counted(all.count, 'compaction')} are shown in full; all are in the sums and the heat map.`,
    whoOthers &&
      `${counted(whoOthers.count, 'compaction')} (${duration(whoOthers.sumNano)}) are of threads without a row.`,
    stacksOthers &&
      `${counted(stacksOthers.count, 'compaction')} (${duration(stacksOthers.sumNano)}) are of stacks without a place in the flame graph.`,
    zonesLeftOut > 0 && `${counted(zonesLeftOut, 'compaction')} are of zones that are not shown.`,
  ].filter((text) => typeof text === 'string');
  const isWhole = missing === 0 && lost.length === 0 && books.balances;
  const verdict = isWhole
    ? 'The books balance: every compaction of the recording is on this page.'
    : `${counted(missing, 'compaction')} ${missing === 1 ? 'has' : 'have'} no row: left out or lost.${books.balances ? '' : ' The books do not balance.'}`;
  return h(
    'div',
    { className: `books ${isWhole ? 'good' : 'bad'}` },
    h('p', { className: 'verdict' }, h('span', { at: { 'aria-hidden': 'true' } }, isWhole ? '✓ ' : '! '), verdict),
    missingRows.length > 0 &&
      h(
        'div',
        { className: 'scroll', tabIndex: 0, at: { role: 'region', 'aria-label': 'What is missing' } },
        table(['Missing', 'Compactions', 'Stalled', 'Longest', 'When'], missingRows),
      ),
    ...cut.map((text) => h('p', { className: 'note' }, text)),
    h(
      'details',
      {},
      h('summary', {}, 'The books of this report'),
      h(
        'div',
        { className: 'scroll', tabIndex: 0, at: { role: 'region', 'aria-label': 'The books' } },
        table(
          ['Account', 'Total', 'Terms'],
          books.equations.map(({ name, total, terms }) => [
            name,
            count(total),
            Object.entries(terms)
              .map(([term, n]) => `${count(n)} ${term}`)
              .join(' + '),
          ]),
        ),
        lost.length > 0 &&
          table(
            ['Lost when it was read', 'Lines'],
            lost.map(([reason, n]) => [reason, count(n)]),
          ),
      ),
    ),
  );
}
