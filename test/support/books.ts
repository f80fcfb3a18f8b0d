// SPDX-License-Identifier: Apache-2.0
/** The books of a run, as `--books FILE` writes them. */
import { readFileSync } from 'node:fs';
import type { BooksReport } from '../../src/event/books-report.ts';

export const readBooks = (path: string): BooksReport => JSON.parse(readFileSync(path, 'utf8'));

/** What an output has delivered. */
export function exportedBy(output: string, { equations }: BooksReport): number | undefined {
  const term = `exported by ${output}`;
  return equations.find(({ terms }) => term in terms)?.terms[term];
}
