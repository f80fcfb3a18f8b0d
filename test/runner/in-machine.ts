// SPDX-License-Identifier: Apache-2.0
/** The live tests of the main job in one emulated machine, where this host cannot run them. */
import { missingForMachines } from '../../harness/machine/ensure.ts';
import { runInMachine } from '../vm/inside.ts';
import type { Obstacle, Results } from './results.ts';
import { setUp } from './set-up.ts';

const KERNEL = '6.12';
/** The files of the layer 'quick' that do not concern this host. The agent takes ten seconds to start in the machine. */
const PARTS = [
  { file: 'test/quick/manual.test.ts' },
  { file: 'test/quick/loss.test.ts' },
  { file: 'test/quick/trace-context.test.ts', only: 'glibc, program|musl, gd|--context link' },
];

async function missing(): Promise<Obstacle | undefined> {
  const unprepared = (await setUp('test')) ?? (await setUp('demo'));
  if (unprepared !== undefined) return unprepared;
  const why = missingForMachines();
  return why === undefined ? undefined : { why, ofHost: true };
}

export async function runInstead(results: Results): Promise<void> {
  const what = `live tests in an emulated machine with Linux ${KERNEL}`;
  console.log(`\n=== ${what}`);
  const obstacle = await missing();
  if (obstacle !== undefined) {
    const { why, ofHost } = obstacle;
    if (ofHost) results.leftOut.push({ what, why });
    else results.failed.push(`${what}: ${why}`);
    return;
  }
  const started = performance.now();
  try {
    await run(results);
  } catch (error) {
    results.failed.push(`${what}: ${(error as Error).message}`);
  }
  results.layers.push({ name: what, seconds: (performance.now() - started) / 1000 });
}

async function run(results: Results): Promise<void> {
  const { silent } = await runInMachine({
    kernel: KERNEL,
    name: 'npm-test',
    files: PARTS,
    say: (message) => console.log(message),
    onResult: ({ outcome, file, name, ms, error }) => {
      const test = `${file}: ${name.join(' > ')}`;
      console.log(`${outcome === 'passed' ? '✔' : '✖'} ${test} (${ms} ms)${error ? `\n${error}` : ''}`);
      if (outcome === 'passed') results.passed += 1;
      else results.failed.push(`${test} (in the machine)`);
    },
  });
  for (const file of silent) results.failed.push(`${file} reported nothing in the machine`);
}
