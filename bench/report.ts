// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';

/** The document with a part's table, where it is not docs/overhead.md. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  forms: 'docs/deploy.md',
  'forms-arm64': 'docs/deploy.md',
  scale: 'docs/scale.md',
};

export interface Row {
  what: string;
  /** A median where there is a range. */
  measured: string;
  range?: string;
  budget?: string;
}

/** @param stolen the share of CPU time that the hypervisor gave to others meanwhile */
export function hostConditions(stolen: number): string {
  const kernel = release().split('.').slice(0, 2).join('.');
  return (
    `Linux ${kernel} ${process.arch}, ${availableParallelism()} CPUs, Node.js ${process.versions.node}; ` +
    `${(stolen * 100).toFixed(1)} % of the CPU time went to the hypervisor meanwhile.`
  );
}

export function rowsTable(rows: readonly Row[]): string {
  const cells = rows.map(({ what, measured, range = '', budget = '' }) => [what, measured, range, budget]);
  return table(['what', 'measured', 'range', 'budget'], cells);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [head, head.map(() => '---'), ...rows].map(line).join('\n');
}

/** Replaces the text between the part's two markers. */
export function writeDocument(part: string, text: string): void {
  const begin = `<!-- Written by node bench/overhead.ts --write ${part}: -->`;
  const end = `<!-- end of ${part} -->`;
  const document = new URL(`../${ELSEWHERE[part] ?? 'docs/overhead.md'}`, import.meta.url);
  const old = readFileSync(document, 'utf8');
  const from = old.indexOf(begin);
  const to = old.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${document.pathname} has lost its markers: ${begin} and ${end}`);
  writeFileSync(document, `${old.slice(0, from + begin.length)}\n\n${text}\n\n${old.slice(to)}`);
}
