// SPDX-License-Identifier: Apache-2.0
/** The books of a run, as `--books FILE` writes them. */
import assert from 'node:assert/strict';
import { closeSync, fchmodSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BooksReport } from '../../src/event/books-report.ts';
import type { Finished } from './agent.ts';

export const readBooks = (path: string): BooksReport => JSON.parse(readFileSync(path, 'utf8'));

/** A file without a name, which any user may write, whatever folders are hidden from it. */
export function openBooks(): { file: number; read: () => BooksReport | undefined } {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-books-'));
  const file = openSync(join(folder, 'books'), 'w+');
  fchmodSync(file, 0o666);
  rmSync(folder, { recursive: true });
  const read = () => {
    const text = readFileSync(`/proc/self/fd/${file}`, 'utf8');
    closeSync(file);
    return text === '' ? undefined : JSON.parse(text);
  };
  return { file, read };
}

/** A term of the books, such as `without{stale}` of `begins`; 0 for a reason that never was. */
export function termOf({ equations }: BooksReport, equation: string, term: string): number {
  return equations.find(({ name, terms }) => name === equation && term in terms)?.terms[term] ?? 0;
}

/** The left side of an equation. */
export function totalOf({ equations }: BooksReport, equation: string): number {
  const found = equations.find(({ name }) => name === equation);
  assert.ok(found, equation);
  return found.total;
}

/** What an output has delivered. */
export function exportedBy(output: string, { equations }: BooksReport): number | undefined {
  const term = `exported by ${output}`;
  return equations.find(({ terms }) => term in terms)?.terms[term];
}

/** Asserts that a run went well and lost nothing; with --verify also that the kernel's own counters agree. @returns its books */
export function assertNothingLost({ code, stderr, books }: Finished): BooksReport {
  assert.equal(code, 0, stderr);
  assert.ok(books, 'it was started without books');
  assert.deepEqual([books.lost, books.balances], [{}, true], stderr);
  return books;
}
