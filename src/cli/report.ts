// SPDX-License-Identifier: Apache-2.0

import { EXIT, type ExitCode } from '../errors.ts';
import { balances, type Equation, equations, losses, type NamedSinkBooks } from '../event/books.ts';
import { booksReport } from '../event/books-report.ts';
import type { SourceBooks } from '../event/source-books.ts';
import { reportedOf } from '../event/source-losses.ts';
import type { SummaryReport } from '../event/summary.ts';
import { message } from '../messages/message.ts';
import { summaryTable } from '../sinks/text/summary-table.ts';
import type { Messages } from './messages.ts';

/**
 * Prints the books at the end of a run. @returns the exit code that follows from them
 *
 * @param failed whether an output failed, even before the first event
 */
export function reportBooks(
  messages: Messages,
  source: SourceBooks,
  sinks: readonly NamedSinkBooks[],
  failed: boolean,
): ExitCode {
  const total = printBooks(messages, source, sinks, true);
  if (total > 0 || !equations(source, sinks).every(balances)) return EXIT.LOST;
  return failed ? EXIT.FAILURE : EXIT.OK;
}

/** Prints the books of a run that goes on. They were read one after the other: an equation is off by what is under way. */
export function reportBooksSoFar(messages: Messages, source: SourceBooks, sinks: readonly NamedSinkBooks[]): void {
  printBooks(messages, source, sinks, false);
}

/** @returns the number of lost events */
function printBooks(messages: Messages, source: SourceBooks, sinks: readonly NamedSinkBooks[], ended: boolean): number {
  const lost = losses(source, sinks, ended);
  const all = equations(source, sinks);
  const isRight = (equation: Equation) => !ended || balances(equation);
  const total = [...lost.values()].reduce((sum, n) => sum + n, 0);
  const left = reportedOf(source, 'rate');
  const notRecorded = left > 0 ? `, ${left} not recorded (more than --max-spans-per-second)` : '';
  const before = lostBefore(source);
  const lostInRecording = before > 0 ? `, ${before} lost before they were recorded` : '';
  const lines = all.map((equation) => {
    const terms = shownTerms(equation.terms).join(' + ');
    const flaw = isRight(equation) ? '' : '   DOES NOT BALANCE';
    return `  ${equation.name.padEnd(8)} ${String(equation.total).padStart(8)} = ${terms}${flaw}`;
  });
  const counted = (what: string, n: number, words: string) =>
    lines.push(`  ${what} ${String(n).padStart(8)}: ${words}`);
  const unknown = source.kernel?.attemptUnknown ?? 0;
  if (unknown > 0) counted('note    ', unknown, 'direct compactions without priority and attempt id');
  const unsent = source.kernel?.processEventsUnsent ?? 0;
  if (unsent > 0) {
    counted('note    ', unsent, 'process events that did not fit in the ring buffer or the table of started processes');
  }
  for (const [reason, n] of lost) counted('lost    ', n, reason);
  const compactions = source.decoded;
  const noun = compactions === 1 ? 'compaction' : 'compactions';
  const books = booksReport(source, sinks, ended);
  const said = message(ended ? 'books' : 'books_so_far', {
    compactions,
    noun,
    lost: total,
    more: notRecorded + lostInRecording,
    books,
  });
  messages.say(total === 0 && all.every(isRight) ? said : { ...said, level: 'error' }, lines);
  return total;
}

/** What a recording says of losses when it was made. */
const lostBefore = (source: SourceBooks): number =>
  source.kernel
    ? 0
    : Object.entries(source.notRecorded?.compactions ?? {})
        .filter(([reason]) => reason !== 'rate')
        // Of its own malformed lines it has reported those before a good one.
        .reduce((sum, [reason, n]) => sum + (reason === 'malformed' ? Math.max(0, n - source.malformed) : n), 0);

/** Prints who waited for how long, where that was asked for. */
export function showSummary(messages: Messages, report: SummaryReport): void {
  messages.show(message('summary', { ...report }), summaryTable(report));
}

/** Merges the reasons of a term when all are zero: `0 filtered` for three `0 filtered{...}`. */
function shownTerms(terms: Equation['terms']): string[] {
  const base = (label: string) => label.replace(/\{.*/, '');
  const counted = new Set(terms.filter(([, value]) => value !== 0).map(([label]) => base(label)));
  const shown = new Set(
    terms
      .filter(([label, value]) => value !== 0 || !counted.has(base(label)))
      .map(([label, value]) => (value !== 0 ? `${value} ${label}` : `0 ${base(label)}`)),
  );
  return [...shown];
}
