// SPDX-License-Identifier: Apache-2.0
import { balances, type Equation, equations, losses, type NamedSinkBooks } from './books.ts';
import type { SourceBooks } from './source-books.ts';
import { reportedOf } from './source-losses.ts';

/** The books of a run. JSON-safe: the command's `--books FILE` writes it. */
export interface BooksReport {
  v: 1;
  /** Compactions that were received. */
  compactions: number;
  /** What the limit for spans left out of these; 0 without a limit. */
  notRecorded: number;
  /** Lost events by reason; empty when none was lost. */
  lost: Record<string, number>;
  /** Whether every equation is true. */
  balances: boolean;
  /** Each `total = sum of terms`, where every number has its own counter. */
  equations: { name: string; total: number; terms: Record<string, number> }[];
}

/** @param ended whether the run has ended; until then nothing that waits is lost */
export function booksReport(source: SourceBooks, sinks: readonly NamedSinkBooks[], ended = true): BooksReport {
  const all = equations(source, sinks);
  return {
    v: 1,
    compactions: source.decoded,
    notRecorded: reportedOf(source, 'rate'),
    lost: Object.fromEntries(losses(source, sinks, ended)),
    balances: all.every(balances),
    equations: all.map(({ name, total, terms }) => ({ name, total, terms: Object.fromEntries(reasons(terms)) })),
  };
}

/** Without the placeholder of a term that has no reason yet. */
const reasons = (terms: Equation['terms']) => terms.filter(([label]) => !label.endsWith('{none}'));
