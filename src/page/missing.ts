// SPDX-License-Identifier: Apache-2.0
/** What has no row on the page, and why. */
import type { ReportData } from '../report/data.ts';
import { clock, count, counted, duration, secondsOf } from './format.ts';

export interface Missing {
  /** Whether nothing was left out by a limit, and nothing lost. */
  isWhole: boolean;
  /** A sentence. */
  text: string;
  /** Its sense in two words. */
  brief: string;
  rows: string[][];
}

export function missingOf(data: ReportData): Missing {
  const { books, notRecorded, live } = data;
  const missing = notRecorded.reduce((sum, row) => sum + row.count, 0);
  const filtered = live ? filteredBy(data) : [];
  // While a run goes on, an equation is off by what is under way.
  const balances = books.balances || live !== undefined;
  const isWhole = missing === 0 && Object.keys(books.lost).length === 0 && balances;
  const rows = [
    ...notRecorded.map((row) => [
      row.text,
      count(row.count),
      row.sumNano === undefined ? 'not known' : duration(row.sumNano),
      row.longestNano === undefined ? 'not known' : duration(row.longestNano),
      `${clock(secondsOf(row.fromUnixNano))} – ${clock(secondsOf(row.toUnixNano))}`,
    ]),
    ...filtered.map(([option, n]) => [`left out by ${option}`, count(n), 'in the totals', 'not known', 'all the time']),
  ];
  const brief = isWhole ? 'nothing lost' : missing > 0 ? `${count(missing)} missing` : 'some lost';
  return { isWhole, brief, text: isWhole ? wholeText(data, filtered) : partText(missing, balances), rows };
}

function wholeText({ live }: ReportData, filtered: readonly unknown[]): string {
  if (!live) return 'The books balance: every compaction of the recording is on this page.';
  return filtered.length === 0
    ? 'Nothing is missing: every compaction since the start is on this page.'
    : 'Nothing is lost: every compaction since the start is in the totals and the heat map; those that filters left out have no row.';
}

const partText = (missing: number, balances: boolean): string =>
  `${counted(missing, 'compaction')} ${missing === 1 ? 'has' : 'have'} no row: left out or lost.${balances ? '' : ' The books do not balance.'}`;

/** What the filters of a run have left out in the kernel. Those of the limit have an event, and a row. */
function filteredBy({ books }: ReportData): [option: string, n: number][] {
  const terms = books.equations.find(({ name, terms }) => name === 'paired' && 'emitted' in terms)?.terms ?? {};
  return ['pid', 'trigger', 'min_duration'].flatMap((filter): [string, number][] => {
    const n = terms[`filtered{${filter}}`] ?? 0;
    return n > 0 ? [[`--${filter.replace('_', '-')}`, n]] : [];
  });
}
