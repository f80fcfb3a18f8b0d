// SPDX-License-Identifier: Apache-2.0
import type { SummaryReport, SummaryRow, SummaryTotals } from '../../event/summary.ts';
import { printable } from '../../terminal.ts';
import { duration } from './table.ts';

/** Rows beyond these are added up in one. */
const MAX_ROWS = 20;
const COLUMNS = 80;
/** What the names of process and service have of them. */
const NAMES_WIDTH = COLUMNS - '100 % 1.234 ms 1.234 ms 12345678 kcompactd ORDER '.length;
/** The fewest characters of a long service; a long name of a process is cut before. */
const MIN_SERVICE = 14;

/** Who waited for how long: at most 80 columns and some twenty rows, without a line break at the end. A name that is too long ends in `~`. */
export function summaryTable({ all, rows, others, notRecorded, lost }: SummaryReport): string {
  const shown = rows.slice(0, rows.length > MAX_ROWS ? MAX_ROWS - 1 : MAX_ROWS);
  const rest = [...rows.slice(shown.length), ...(others ? [others] : [])];
  const names = shown.map(nameCells);
  const widest = (texts: string[]) => Math.max(...texts.map((text) => [...text].length));
  const service = widest(['SERVICE', ...names.map(({ service }) => service)]);
  const process = widest(['PROCESS', ...names.map(({ process }) => process)]);
  const processWidth = Math.min(process, NAMES_WIDTH - 1 - Math.min(service, MIN_SERVICE));
  const serviceWidth = NAMES_WIDTH - 1 - processWidth;
  const line = (totals: string, trigger: string, order: string, process: string, service: string) =>
    [
      totals,
      trigger.padEnd(9),
      order.padStart(5),
      cut(process, processWidth).padEnd(processWidth),
      cut(service, serviceWidth),
    ].join(' ');
  return [
    line(totalsHeader(), 'TRIGGER', 'ORDER', 'PROCESS', 'SERVICE'),
    ...shown.map((row, i) =>
      line(totalsCells(row, all), row.trigger, String(row.order), names[i]!.process, names[i]!.service),
    ),
    ...(rest.length > 0 ? [`${totalsCells(sum(rest), all)} (others)`] : []),
    ...(notRecorded ? [`${totalsCells(notRecorded, all)} (not recorded: more than the limit for spans)`] : []),
    `${totalsCells(all, all)} (all)`,
    ...(lost ? [`${cells('', '', '', String(lost))} (lost, in no row above: no duration is known)`] : []),
  ].join('\n');
}

const totalsHeader = () => cells('SHARE', 'TOTAL', 'LONGEST', 'COUNT');

function totalsCells({ count, sumNano, longestNano }: SummaryTotals, all: SummaryTotals): string {
  const percent = all.sumNano > 0 ? (sumNano / all.sumNano) * 100 : 0;
  const share = percent > 0 && percent < 0.5 ? '<1' : percent.toFixed(0);
  return cells(`${share} %`, duration(sumNano), duration(longestNano), String(count));
}

const cells = (share: string, total: string, longest: string, count: string) =>
  [share.padStart(5), total.padStart(8), longest.padStart(8), count.padStart(8)].join(' ');

function nameCells({ process, pid, service }: SummaryRow): { process: string; service: string } {
  return { process: printable(pid === undefined ? process : `${process} ${pid}`), service: printable(service ?? '-') };
}

/** At most so many characters. */
function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length > width ? `${characters.slice(0, width - 1).join('')}~` : text;
}

function sum(totals: readonly SummaryTotals[]): SummaryTotals {
  return totals.reduce((a, b) => ({
    count: a.count + b.count,
    sumNano: a.sumNano + b.sumNano,
    longestNano: Math.max(a.longestNano, b.longestNano),
  }));
}
