// SPDX-License-Identifier: Apache-2.0

import { EXIT, type ExitCode } from '../errors.ts';
import { balances, type Equation, equations, losses, type NamedSinkBooks, type SourceBooks } from '../event/books.ts';
import { booksReport } from '../event/books-report.ts';
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
  const lost = losses(source, sinks);
  const all = equations(source, sinks);
  const total = [...lost.values()].reduce((sum, n) => sum + n, 0);
  const left = source.notRecorded?.compactions ?? 0;
  const notRecorded = left > 0 ? `, ${left} not recorded (more than --max-spans-per-second)` : '';
  const lines = all.map((equation) => {
    const terms = shownTerms(equation.terms).join(' + ');
    const flaw = balances(equation) ? '' : '   DOES NOT BALANCE';
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
  const isRight = total === 0 && all.every(balances);
  const compactions = `${source.decoded} ${source.decoded === 1 ? 'compaction' : 'compactions'}`;
  const said = message('books', { compactions, lost: total, notRecorded, books: booksReport(source, sinks) });
  messages.say(isRight ? said : { ...said, level: 'error' }, lines);
  if (!isRight) return EXIT.LOST;
  return failed ? EXIT.FAILURE : EXIT.OK;
}

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
