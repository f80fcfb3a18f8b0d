// SPDX-License-Identifier: Apache-2.0
/**
 * The long run of everything together: `npm run soak -- --minutes 10 --seed 1`. Ends with 1 where the balance does not hold. The same seed
 * makes the same failures, but the host's compactions differ.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { balanceText, isBalanced, soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(randomInt(1_000_000_000)) },
  },
});
for (const name of ['minutes', 'seed'] as const) {
  if (!/^\d{1,9}$/.test(values[name])) {
    console.error(`--${name} ${values[name]}: expected a number of up to nine digits.`);
    process.exit(2);
  }
}
const begin = performance.now();
const log = (line: string) => console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(7)} s  ${line}`);
// With a signal, what was started is ended first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const balance = await soak({ seconds: Number(values.minutes) * 60, seed: Number(values.seed), log });
console.log(balanceText(balance));
process.exit(isBalanced(balance) ? 0 : 1);
