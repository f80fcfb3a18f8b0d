// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';

const DOCUMENT = new URL('../../docs/overhead.md', import.meta.url);
const BEGIN = '<!-- Written by node test/bench/overhead.ts --write: -->';
const END = '<!-- end of the table -->';

export interface Row {
  what: string;
  /** A median where there is a range. */
  measured: string;
  range?: string;
  budget?: string;
}

export function conditions(stolen: number): string {
  const kernel = release().split('.').slice(0, 2).join('.');
  return (
    `Linux ${kernel} ${process.arch}, ${availableParallelism()} CPUs, Node.js ${process.versions.node}; ` +
    `${(stolen * 100).toFixed(1)} % of the CPU time went to the hypervisor meanwhile.`
  );
}

export function table(rows: readonly Row[]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['what', 'measured', 'range', 'budget']),
    line(['---', '---', '---', '---']),
    ...rows.map(({ what, measured, range = '', budget = '' }) => line([what, measured, range, budget])),
  ].join('\n');
}

/** Replaces what stands between the two markers. */
export function writeDocument(text: string): void {
  const old = readFileSync(DOCUMENT, 'utf8');
  const from = old.indexOf(BEGIN);
  const to = old.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${DOCUMENT.pathname} has lost its markers: ${BEGIN} and ${END}`);
  writeFileSync(DOCUMENT, `${old.slice(0, from + BEGIN.length)}\n\n${text}\n\n${old.slice(to)}`);
}
