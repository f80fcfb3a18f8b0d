// SPDX-License-Identifier: Apache-2.0
/** The last lines: what took how long, what failed, what did not run and how to run it, and the counts. */
import type { Layer } from './layers.ts';
import type { Results } from './results.ts';

const SLOWEST = 10;

export function report(results: Results, notRun: readonly Layer[]): void {
  const rows = (list: string[][]) => {
    const widths = list[0]?.map((_, column) => Math.max(...list.map((row) => row[column]!.length))) ?? [];
    for (const row of list) console.log(`  ${row.map((text, i) => text.padEnd(widths[i]!)).join('  ')}`.trimEnd());
  };
  const took = ({ seconds }: { seconds: number }) => `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`.padStart(7);

  console.log('\nlayers:');
  const total = results.layers.reduce((sum, { seconds }) => sum + seconds, 0);
  rows([...results.layers, { name: 'together', seconds: total }].map((layer) => [took(layer), layer.name]));
  if (notRun.length === 0) {
    console.log('slowest files:');
    const slowest = results.files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
    rows(slowest.map((file) => [took(file), file.file]));
  }
  if (results.leftOut.length > 0) {
    console.log('this host cannot run:');
    for (const { what, why } of results.leftOut) console.log(`  ${what}: ${why}`);
  }
  if (notRun.length > 0) {
    console.log('not run:');
    rows(notRun.map(({ name, takes, shows }) => [`npm test -- ${name}`, takes, shows]));
    rows([['npm test -- --all', '', 'everything; what cannot run counts as failed']]);
  }
  if (results.failed.length > 0) {
    console.log('failed:');
    for (const test of results.failed) console.log(`  ${test}`);
  }
  console.log(`\n${results.line}`);
}
