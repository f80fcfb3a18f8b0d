// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Balance, balanceText, isBalanced } from '../soak/soak.ts';

const GOOD: Balance = {
  seed: 1,
  failures: {
    'agent killed': 1,
    'agent ended': 0,
    'collector killed': 0,
    'collector stopped': 0,
    'disk filled': 0,
  },
  vmstat: { migrate: 100, free: 200 },
  begins: 7,
  ends: 7,
  emitted: 7,
  lost: {},
  booksBalance: true,
  spooled: 0,
  bad: 0,
  delivered: 7,
  pages: { migrate: 100, free: 200 },
  repeated: 3,
  mostMiB: 90,
  complaints: [],
};

it('a soak run balances only where every place has the same', () => {
  assert.equal(isBalanced(GOOD), true);
  assert.match(balanceText(GOOD), /result +all agree \(seed 1\)$/);
  const changes: Partial<Balance>[] = [
    { begins: 8 },
    { ends: 6 },
    { emitted: 8 },
    { delivered: 6 },
    { delivered: 8 },
    { pages: { migrate: 101, free: 200 } },
    { pages: { migrate: 100, free: 199 } },
    { vmstat: { migrate: 100, free: 201 } },
    { lost: { ring_full: 1 } },
    { booksBalance: false },
    { spooled: 1 },
    { bad: 1 },
    { complaints: ['exit code 4'] },
  ];
  for (const change of changes) {
    const balance = { ...GOOD, ...change };
    assert.equal(isBalanced(balance), false, JSON.stringify(change));
    assert.match(balanceText(balance), /THEY DO NOT AGREE \(seed 1\)$/);
  }
});
