// SPDX-License-Identifier: Apache-2.0
/**
 * This tree against another revision of the project: the other is built beside it, and both do the same work in turns.
 *
 *   npm run bench -- versus                  against the revision that the targets are measured from
 *   npm run bench -- versus REV [PART...]    against another, some parts only
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMAND } from './agent.ts';
import type { Builds, Comparison } from './comparison.ts';
import { versusMemory } from './memory.ts';
import { table } from './report.ts';
import { median } from './statistics.ts';
import { versusBpf, versusStorm } from './versus-bpf.ts';
import { versusSpans } from './versus-spans.ts';
import { versusFirst, versusStarts } from './versus-starts.ts';

const BASELINE = 'd97edf7';
const PROJECT = fileURLToPath(new URL('..', import.meta.url));

type Part = (builds: Builds, folder: string) => Promise<Comparison[]>;

const PARTS: Record<string, Part> = {
  bpf: versusBpf,
  storm: versusStorm,
  starts: versusStarts,
  first: versusFirst,
  spans: versusSpans,
  memory: versusMemory,
};

/** @param words the revision, then the parts @returns a table */
export async function versus(folder: string, [revision = BASELINE, ...parts]: readonly string[]): Promise<string> {
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown) throw new Error(`versus has no part ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);
  const builds = { other: build(revision, join(folder, 'other')), ours: COMMAND };
  const rows: string[][] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    if (parts.length > 0 && !parts.includes(name)) continue;
    console.error(`measuring: ${name}`);
    rows.push(...(await measure(builds, folder)).map(row));
  }
  return table(['what', revision, 'this tree', 'ratio', 'range of that', 'target'], rows);
}

/** Builds the revision in a git worktree, which is removed at any end of this process. @returns its agent */
function build(revision: string, tree: string): string {
  console.error(`building ${revision} in ${tree}`);
  const git = (...words: string[]) => execFileSync('git', ['-C', PROJECT, ...words], { stdio: ['ignore', 2, 2] });
  git('worktree', 'add', '--quiet', '--detach', tree, revision);
  // Before the folder around it is removed.
  process.prependOnceListener('exit', () => git('worktree', 'remove', '--force', tree));
  execFileSync(join(tree, 'setup.sh'), { cwd: tree, stdio: ['ignore', 2, 2] });
  // Until the end of 2026-11 the commands were programs of Node.js.
  const command = join(tree, 'dist/bin/compactstall');
  return existsSync(command) ? command : `${command}.js`;
}

function row({ what, other, ours, format, target }: Comparison): string[] {
  const ratios = ours.map((value, round) => value / other[round]!);
  const range = `${Math.min(...ratios).toFixed(2)} - ${Math.max(...ratios).toFixed(2)}`;
  const middle = (values: readonly number[]) => format(median(values));
  return [what, middle(other), middle(ours), `**${median(ratios).toFixed(2)}**`, range, target?.toFixed(2) ?? ''];
}
