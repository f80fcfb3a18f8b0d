// SPDX-License-Identifier: Apache-2.0

import { EXIT, type ExitCode } from '../errors.ts';
import { balances, type Equation, equations, losses, type NamedSinkBooks, type SourceBooks } from '../event/books.ts';
import type { Messages } from './messages.ts';

/**
 * Prints the books at the end of a run. @returns the exit code that they ask for
 *
 * @param failed an output failed, if only before the first event
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
  messages.say(`${source.decoded} ${source.decoded === 1 ? 'compaction' : 'compactions'}, ${total} lost`);
  for (const equation of all) {
    const terms = shownTerms(equation.terms).join(' + ');
    const flaw = balances(equation) ? '' : '   DOES NOT BALANCE';
    messages.print(`  ${equation.name.padEnd(8)} ${String(equation.total).padStart(8)} = ${terms}${flaw}`);
  }
  const unknown = source.kernel?.attemptUnknown ?? 0;
  if (unknown > 0)
    messages.print(`  note     ${String(unknown).padStart(8)}: direct, but without priority and attempt id`);
  const unsent = source.kernel?.processEventsUnsent ?? 0;
  if (unsent > 0)
    messages.print(`  note     ${String(unsent).padStart(8)}: a program or publication that nobody was told of`);
  for (const [reason, n] of lost) messages.print(`  lost     ${String(n).padStart(8)}: ${reason}`);
  if (total > 0 || !all.every(balances)) return EXIT.LOST;
  return failed ? EXIT.FAILURE : EXIT.OK;
}

/** Reasons of a term that are all zero are shown as one: `0 filtered` for three `0 filtered{...}`. */
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
