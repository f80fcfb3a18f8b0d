// SPDX-License-Identifier: Apache-2.0
/** The top of the page: what it is of, how much was stalled, and the books with all that is missing. */
import { TRIGGERS } from '../event/event.ts';
import { MAX_HOSTS, type ReportData } from '../report/data.ts';
import { fill, h, table } from './dom.ts';
import { count, counted, duration, secondsOf, span, timeZone } from './format.ts';
import { nameOf } from './host.ts';
import { missingOf } from './missing.ts';

export interface Head {
  element: HTMLElement;
  /** Shows newer data. What is open stays open, and what has the focus keeps it. */
  update(data: ReportData): void;
}

export function head(first: ReportData): Head {
  const title = h('div', { className: 'title' });
  const numbers = h('dl', { className: 'figures' });
  const books = h('div', {});
  const verdict = h('p', { className: 'verdict' });
  const missing = h('div', {
    className: 'scroll',
    tabIndex: 0,
    at: { role: 'region', 'aria-label': 'What is missing' },
  });
  const cut = h('div', {});
  const accounts = h('div', { className: 'scroll', tabIndex: 0, at: { role: 'region', 'aria-label': 'The books' } });
  books.append(
    verdict,
    missing,
    cut,
    h('details', {}, h('summary', {}, first.live ? 'The books of this run' : 'The books of this report'), accounts),
  );
  const update = (data: ReportData) => {
    fill(title, ...titleParts(data));
    fill(numbers, ...figures(data));
    const { isWhole, text, rows } = missingOf(data);
    books.className = `books ${isWhole ? 'good' : 'bad'}`;
    fill(verdict, h('span', { at: { 'aria-hidden': 'true' } }, isWhole ? '✓ ' : '! '), text);
    missing.hidden = rows.length === 0;
    if (rows.length > 0) fill(missing, table(['Missing', 'Compactions', 'Stalled', 'Longest', 'When'], rows));
    fill(cut, ...cutShort(data).map((one) => h('p', { className: 'note' }, one)));
    fill(accounts, ...accountTables(data));
  };
  update(first);
  return { element: h('header', { className: 'top' }, title, numbers, books), update };
}

function titleParts({ recording, all, startUnixNano, endUnixNano, filters, version, live, hosts }: ReportData) {
  const names = [...new Set(hosts.map(nameOf))];
  const host = names.length > 1 ? [severalHosts(hosts, names)] : names.filter((name) => name !== recording);
  const [from, to] = live
    ? [secondsOf(live.sinceUnixNano), secondsOf(live.atUnixNano)]
    : [secondsOf(startUnixNano), secondsOf(endUnixNano)];
  const time =
    live || all.count > 0 ? `${span(from, to)} (${timeZone()}), ${duration((to - from) * 1e9)}` : 'no compaction';
  const part = live ? 'Only these have rows' : 'Only a part of the recording';
  return [
    h('h1', {}, 'Memory compaction'),
    h('p', {}, [recording, ...host, time].join(' · ')),
    filters.length > 0 && h('p', { className: 'warn' }, `${part}: ${filters.join(' ')}`),
    h('p', { className: 'quiet' }, `compactstall ${version}`),
  ];
}

/** Hosts that are named at the top. */
const NAMED = 5;

function severalHosts({ length }: ReportData['hosts'], names: readonly string[]): string {
  const more = length === MAX_HOSTS ? ' or more' : '';
  return `${counted(names.length, 'host')}${more} (${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ', …' : ''})`;
}

function figures(data: ReportData): HTMLElement[] {
  const { all, who, whoOthers } = data;
  const sums = sumsOf(data);
  const figure = (name: string, value: string, note: string) =>
    h('div', { className: `figure ${name}` }, h('dt', {}, name), h('dd', {}, value, h('small', {}, note)));
  const longestOf = (trigger: string) =>
    Math.max(0, ...who.filter((row) => row.trigger === trigger).map((row) => row.longestNano));
  return [
    figure(
      'all',
      duration(total(sums.map(({ sumNano }) => sumNano))),
      `${counted(total(sums.map((row) => row.count)), 'compaction')}${all.count > 0 ? `, longest ${duration(all.longestNano)}` : ''}`,
    ),
    ...sums
      .filter((row) => row.count > 0)
      .map(({ trigger, count: n, sumNano }) => {
        const longest = longestOf(trigger);
        // Rows that had no place may have had a longer one.
        const isKnown = !whoOthers && longest > 0;
        return figure(trigger, duration(sumNano), `${count(n)}${isKnown ? `, longest ${duration(longest)}` : ''}`);
      }),
  ];
}

/** By trigger: the kernel's sums where they are known, as these have all compactions. */
function sumsOf({ cells, kernel }: ReportData) {
  const names = [...TRIGGERS, 'others'] as const;
  return names.map((trigger) => {
    const isIt = (number: number) => (TRIGGERS[number] ?? 'others') === trigger;
    if (kernel) {
      const counts = kernel.flatMap((slice) => slice.counts.filter(([number]) => isIt(number)));
      const sums = kernel.flatMap((slice) => slice.sums.filter(([number]) => isIt(number)));
      return { trigger, count: total(counts.map(([, , n]) => n)), sumNano: total(sums.map(([, ns]) => ns)) };
    }
    const of = cells.rows.filter(([, , number]) => isIt(number));
    return { trigger, count: total(of.map(([, , , , n]) => n)), sumNano: total(of.map(([, , , , , ns]) => ns)) };
  });
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

function cutShort({ stalls, all, whoOthers, stacksOthers, zonesLeftOut, live }: ReportData): string[] {
  return [
    stalls.length < all.count &&
      `The ${live ? 'latest' : 'longest'} ${count(stalls.length)} of ${counted(all.count, 'compaction')} are shown in full; all are in the sums and the heat map.`,
    whoOthers &&
      `${counted(whoOthers.count, 'compaction')} (${duration(whoOthers.sumNano)}) are of threads without a row.`,
    stacksOthers &&
      `${counted(stacksOthers.count, 'compaction')} (${duration(stacksOthers.sumNano)}) are of stacks without a place in the flame graph.`,
    zonesLeftOut > 0 && `${counted(zonesLeftOut, 'compaction')} are of zones that are not shown.`,
  ].filter((text) => typeof text === 'string');
}

function accountTables({ books, live }: ReportData): HTMLElement[] {
  const lost = Object.entries(books.lost);
  return [
    ...(live
      ? [h('p', { className: 'note' }, 'Read one number after the other: a total may be off by what is under way.')]
      : []),
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
    ...(lost.length > 0
      ? [
          table(
            live ? ['Lost', 'Compactions'] : ['Lost when it was read', 'Lines'],
            lost.map(([reason, n]) => [reason, count(n)]),
          ),
        ]
      : []),
  ];
}
