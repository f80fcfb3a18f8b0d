// SPDX-License-Identifier: Apache-2.0
/** The last lines: times, failures, layers that did not run with the way to run them, and counts. */
import type { Layer } from './layers.ts';
import type { Results } from './results.ts';

const SLOWEST = 10;

export function reportText(results: Results, notRun: readonly Pick<Layer, 'name' | 'takes' | 'shows'>[]): string {
  const total = results.layers.reduce((sum, { seconds }) => sum + seconds, 0);
  const slowest = results.files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  return [
    ...section('seconds', [...results.layers, { name: 'together', seconds: total }].map(took)),
    ...section(
      'slowest files',
      notRun.length > 0 ? [] : slowest.map(({ file, seconds }) => took({ name: file, seconds })),
    ),
    ...section(
      'this host cannot run',
      results.leftOut.map(({ what, why }) => `${what}: ${why}`),
    ),
    ...section('not run', [...columns(notRun.map(({ name, takes, shows }) => [`npm test -- ${name}`, takes, shows]))]),
    ...(notRun.length > 0 ? ['  npm test -- --all runs everything; what cannot run counts as failed'] : []),
    ...section(
      'failed',
      results.failed.map((failure) => failure.replaceAll('\n', '\n      ')),
    ),
    '',
    results.line,
  ].join('\n');
}

const took = ({ name, seconds }: { name: string; seconds: number }) =>
  `${seconds.toFixed(seconds < 10 ? 1 : 0).padStart(5)}  ${name}`;

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];

function columns(rows: readonly string[][]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
