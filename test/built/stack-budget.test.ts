// SPDX-License-Identifier: Apache-2.0
// The budget for stacks: the kernel's code, compiled for this host and driven through storms and quiet times of a clock of our own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'compactstall-stack-account-'));
after(() => rmSync(folder, { recursive: true }));
const PROGRAM = join(folder, 'stack-account');
execFileSync('cc', [
  '-O1',
  '-Wall',
  '-Werror',
  '-o',
  PROGRAM,
  fileURLToPath(new URL('stack-account.c', import.meta.url)),
]);

const US = 1000;
const MS = 1000 * US;
const SECOND = 1000 * MS;
const UNIT = 2 ** 20;
const PERCENT = Math.floor(UNIT / 100);
/** What an account holds at most, and the part of the passing time that is paid in. */
const ACCOUNT = 2 ** 20;
const ALLOWANCE = 1 / 1024;
const START = 40 * 3600 * SECOND;

interface Compaction {
  end: number;
  duration: number;
  /** Of its stack. */
  cost: number;
}

interface Decided extends Compaction {
  taken: boolean;
  charged: number;
  account: number;
  price: number;
}

function decide(share: number, compactions: readonly Compaction[]): Decided[] {
  const input = compactions.map(({ end, duration, cost }) => `${end} ${duration} ${cost}\n`).join('');
  const lines = execFileSync(PROGRAM, [String(share)], { input, encoding: 'utf8', maxBuffer: 2 ** 28 }).split('\n');
  return compactions.map((compaction, i) => {
    const [taken, charged, account, price] = lines[i]!.split(' ').map(Number);
    return { ...compaction, taken: taken === 1, charged: charged!, account: account!, price: price! };
  });
}

/** One after another, without a pause. */
function storm(count: number, next: (i: number) => Omit<Compaction, 'end'>): Compaction[] {
  let now = START;
  return Array.from({ length: count }, (_, i) => {
    const compaction = next(i);
    now += compaction.duration;
    return { ...compaction, end: now };
  });
}

/**
 * The most that was charged over any time, beyond the share and the allowance of that time: at most what an account holds and
 * eight times the price, the average of eight stacks or so.
 */
function mostBeyond(share: number, decided: readonly Decided[]): number {
  let beyond = 0;
  let least = 0;
  let most = 0;
  for (const [i, { end, duration, charged }] of decided.entries()) {
    const passed = i > 0 ? end - decided[i - 1]!.end : 0;
    beyond -= (duration * share) / UNIT + passed * ALLOWANCE;
    // Its own share came first, and is part of each time that ends here.
    least = Math.min(least, beyond);
    beyond += charged;
    most = Math.max(most, beyond - least);
  }
  return most;
}

const highestPrice = (decided: readonly Decided[]) =>
  decided.reduce((most, { price }) => Math.max(most, price), 30 * US);
const taken = (decided: readonly Decided[]) => decided.filter((one) => one.taken).length;

/** Pseudo-random numbers from 0 to 1, the same in each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the budget for stacks', () => {
  it('a quiet host: every compaction has its stack, however short', () => {
    const decided = decide(
      PERCENT,
      Array.from({ length: 31 * 60 }, (_, i) => ({
        end: START + Math.floor(i / 31) * SECOND + (i % 31) * 20 * US,
        duration: 10 * US,
        cost: 25 * US,
      })),
    );
    assert.equal(taken(decided), decided.length);
  });

  it('a storm of short compactions: in every second at most the share and the allowance', () => {
    const decided = decide(
      PERCENT,
      storm(300_000, () => ({ duration: 10 * US, cost: 8 * US })),
    );
    assert.ok(mostBeyond(PERCENT, decided) <= ACCOUNT + 8 * highestPrice(decided));
    // Of each second: 10 ms and 1 ms, for stacks of 8 us.
    const seconds = Object.values(Object.groupBy(decided, ({ end }) => Math.floor((end - START) / SECOND))).slice(
      1,
      -1,
    );
    for (const second of seconds) {
      const ns = second!.reduce((sum, { charged }) => sum + charged, 0);
      assert.ok(ns < 11 * MS && ns > 10.8 * MS, `${ns} ns`);
    }
  });

  it('the same storm: a compaction that is long enough for its stack always has one', () => {
    const every = 97;
    const decided = decide(
      PERCENT,
      storm(200_000, (i) =>
        i % every === 0 ? { duration: 5 * MS, cost: 40 * US } : { duration: 5 * US, cost: 8 * US },
      ),
    );
    const long = decided.filter(({ duration }) => duration === 5 * MS);
    assert.equal(taken(long), long.length);
    assert.ok(taken(decided) < decided.length / 2);
    assert.ok(mostBeyond(PERCENT, decided) <= ACCOUNT + 8 * highestPrice(decided));
  });

  it('an account that owes: a compaction that is long enough has its stack, a short one has not', () => {
    const decided = decide(PERCENT, [
      { end: START, duration: US, cost: 900 * US },
      { end: START, duration: US, cost: 900 * US },
      { end: START, duration: US, cost: 20 * US },
      { end: START, duration: 30 * MS, cost: 20 * US },
      { end: START, duration: US, cost: 20 * US },
    ]);
    assert.ok(decided.slice(1).every(({ account }) => account < 0));
    assert.deepEqual(
      decided.map((one) => one.taken),
      [true, true, false, true, false],
    );
  });

  it('after an hour of quiet a burst takes what an account holds, not what an hour would bring', () => {
    const hourLater = storm(10_000, () => ({ duration: US, cost: 8 * US })).map((one) => ({
      ...one,
      end: one.end + 3600 * SECOND,
    }));
    const decided = decide(0, [{ end: START, duration: US, cost: 8 * US }, ...hourLater]).slice(1);
    const charged = decided.reduce((sum, one) => sum + one.charged, 0);
    assert.ok(charged <= ACCOUNT + 10 * MS * ALLOWANCE + 8 * US, `${charged}`);
    assert.ok(charged > ACCOUNT - 8 * US);
  });

  it('random storms, with stacks that are interrupted: never more, over any time', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = numbers(seed);
      const share = Math.floor(UNIT * [0, 0.001, 0.01, 0.1, 1][seed % 5]!);
      const decided = decide(
        share,
        storm(20_000, () => ({
          duration: Math.floor(US * 10 ** (4 * random())),
          cost: Math.floor(random() < 0.001 ? 50 * MS * random() : US * (2 + 40 * random() ** 3)),
        })),
      );
      const most = mostBeyond(share, decided);
      assert.ok(most <= ACCOUNT + 8 * highestPrice(decided), `seed ${seed}: ${most} ns`);
      // The shift that makes the average rounds down, by a nanosecond at most.
      assert.ok(
        decided.every(({ account, price }, i) => account >= -8 * (price + 1) - 8 * i),
        `seed ${seed}`,
      );
    }
  });

  it('an interruption is charged with what an account holds, and its price is forgotten', () => {
    const costs = [20 * US, 20 * US, 5 * SECOND, ...Array.from({ length: 40 }, () => 20 * US)];
    const decided = decide(
      PERCENT,
      costs.map((cost, i) => ({ end: START + i * SECOND, duration: 10 * US, cost })),
    );
    assert.equal(taken(decided), decided.length);
    assert.equal(Math.max(...decided.map(({ charged }) => charged)), ACCOUNT);
    assert.ok(decided.at(-1)!.price < 22 * US);
  });

  it('a clock that is set back brings nothing, and a stack that took less than nothing is free', () => {
    const decided = decide(0, [
      { end: START + SECOND, duration: US, cost: 500 * US },
      { end: START, duration: US, cost: -3 },
      { end: START, duration: US, cost: 500 * US },
      { end: START + 900 * MS, duration: US, cost: 500 * US },
    ]);
    assert.deepEqual(
      decided.map(({ account }) => account),
      [ACCOUNT - 500 * US, ACCOUNT - 500 * US, ACCOUNT - 1000 * US, ACCOUNT - 1000 * US],
    );
  });
});
