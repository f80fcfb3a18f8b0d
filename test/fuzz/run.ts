// SPDX-License-Identifier: Apache-2.0
/**
 * The long run of the properties.
 *
 *   npm run fuzz                                            1 000 000 cases for each, from a new seed
 *   npm run fuzz -- --only recordings,btf --cases 5000 --seed 1   some files, some cases, the same as before
 */
import { randomInt } from 'node:crypto';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { LAYERS } from '../runner/layers.ts';
import { reportText } from '../runner/report.ts';
import { Results } from '../runner/results.ts';
import { runFiles } from '../runner/run-files.ts';
import { VARIABLES } from './variables-of-run.ts';

const DAY_MS = 86_400_000;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(randomInt(1_000_000_000)) },
    only: { type: 'string' },
  },
});
for (const name of ['cases', 'seed'] as const) {
  if (!/^\d{1,9}$/.test(values[name])) fail(`--${name} ${values[name]}: expected a number of up to nine digits.`);
}
const all = LAYERS.find(({ name }) => name === 'fuzz')!.files;
const nameOf = (file: string) => basename(file, '.test.ts');
const wanted = values.only?.split(',') ?? all.map(nameOf);
const unknown = wanted.filter((name) => !all.some((file) => nameOf(file) === name));
if (unknown.length > 0) fail(`--only ${unknown.join(',')}: there are ${all.map(nameOf).join(', ')}.`);

process.env[VARIABLES.cases] = values.cases;
process.env[VARIABLES.seed] = values.seed;
console.log(`${values.cases} cases for each property, seed ${values.seed}`);
const results = new Results();
const files = all.filter((file) => wanted.includes(nameOf(file)));
await runFiles(files, { live: false, timeoutMs: DAY_MS }, results);
console.log(`\n${reportText(results, [])}`);
process.exit(results.failed.length > 0 || results.passed === 0 ? 1 : 0);

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}
