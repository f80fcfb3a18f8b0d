// SPDX-License-Identifier: Apache-2.0
// A short form of `npm run soak`: compactions all the time while agent, collector and disk fail at random.
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { bpfObjectsLeft } from '../../harness/host.ts';
import { balanceText, isBalanced, soak } from '../soak/soak.ts';

const SECONDS = Number(process.env.COMPACTSTALL_SOAK_SECONDS ?? 30);
const SEED = 16;

after(async () => assert.deepEqual(await bpfObjectsLeft(), [], 'nothing is left in the kernel'));

it(`${SECONDS} s of failures: kernel, books, spool and collector agree`, async (t) => {
  const balance = await soak({ seconds: SECONDS, seed: SEED });
  for (const line of balanceText(balance).split('\n')) t.diagnostic(line);
  assert.ok(balance.begins > SECONDS, 'compactions went on all the time');
  assert.ok(Object.values(balance.failures).some((count) => count > 0));
  assert.ok(isBalanced(balance), balanceText(balance));
});
