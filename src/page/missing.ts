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
  const { books, notRecorded, live, isPart = false } = data;
  const reported = notRecorded.reduce((sum, row) => sum + row.count, 0);
  const lost = Object.values(books.lost).reduce((sum, n) => sum + n, 0);
  // What was lost is reported a while later, or never: not where no line of a recording says the time.
  const missing = Math.max(reported, lost);
  const filtered = live ? filteredBy(data) : [];
  // While a run goes on, an equation is off by what is under way.
  const balances = books.balances || live !== undefined;
  const isWhole = missing === 0 && balances && !isPart;
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
  const brief = isWhole ? 'nothing lost' : `${count(missing)} missing`;
  return { isWhole, brief, text: isWhole ? wholeText(data, filtered) : partText(missing, balances, isPart), rows };
}

function wholeText({ live, filters }: ReportData, filtered: readonly unknown[]): string {
  if (!live) {
    const some = filters.length > 0 ? ' that the filters leave' : '';
    return `The books balance: every compaction of the recording${some} is on this page.`;
  }
  return filtered.length === 0
    ? 'Nothing is missing: every compaction since the start is on this page.'
    : 'Nothing is lost: every compaction since the start is in the totals and the heat map; those that filters left out have no row.';
}

const partText = (missing: number, balances: boolean, isPart: boolean): string =>
  [
    missing > 0 && `${counted(missing, 'compaction')} ${missing === 1 ? 'has' : 'have'} no row: left out or lost.`,
    isPart && 'The recording was not read to its end: what comes later is not on this page.',
    !balances && 'The books do not balance.',
  ]
    .filter(Boolean)
    .join(' ');

/** What the filters of a run have left out in the kernel. Those of the limit have an event, and a row. */
function filteredBy({ books }: ReportData): [option: string, n: number][] {
  const terms = books.equations.find(({ name, terms }) => name === 'paired' && 'emitted' in terms)?.terms ?? {};
  return ['pid', 'trigger', 'min_duration'].flatMap((filter): [string, number][] => {
    const n = terms[`filtered{${filter}}`] ?? 0;
    return n > 0 ? [[`--${filter.replace('_', '-')}`, n]] : [];
  });
}
