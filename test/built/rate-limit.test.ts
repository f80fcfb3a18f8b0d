// SPDX-License-Identifier: Apache-2.0
// The limit for spans: the kernel's code, compiled for this host and driven through storms by a clock of our own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'compactstall-rate-limit-'));
after(() => rmSync(folder, { recursive: true }));
const PROGRAM = join(folder, 'rate-limit');
const SOURCE = fileURLToPath(new URL('rate-limit.c', import.meta.url));
execFileSync('cc', ['-O1', '-Wall', '-Wno-unknown-pragmas', '-Werror', '-o', PROGRAM, SOURCE]);

const US = 1000;
const MS = 1000 * US;
const SECOND = 1000 * MS;
const START = 40 * 3600 * SECOND;
const LIMIT = 20;
const BURST = 25 * LIMIT;
/** Two durations of one level differ by less than this. */
const LEVEL = 1.25;

interface Compaction {
  trigger: number;
  cgroup: number;
  end: number;
  duration: number;
}

interface Decided extends Compaction {
  passes: boolean;
  second: number;
}

/** Decides over compactions in the order of their ends, and compares what was counted with what did not pass. */
function decide(compactions: readonly Compaction[], price = Math.floor(SECOND / LIMIT)): Decided[] {
  const input = compactions.map((one) => `${one.trigger} ${one.cgroup} ${one.end} ${one.duration}\n`).join('');
  const lines = execFileSync(PROGRAM, [String(price)], { input, encoding: 'utf8', maxBuffer: 2 ** 28 }).split('\n');
  const decided = compactions.map((one, i) => ({
    ...one,
    passes: lines[i] === '1',
    second: Math.floor(one.end / SECOND),
  }));
  const left = decided.filter(({ passes }) => !passes);
  const sum = left.reduce((total, { duration }) => total + duration, 0);
  const longest = left.reduce((most, { duration }) => Math.max(most, duration), 0);
  assert.equal(lines[compactions.length], [left.length, left.length, sum, longest].join(' '));
  return decided;
}

/** Pseudo-random numbers from 0 to 1, the same in each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A storm of `perSecond` for some seconds, with durations over five decades, most of them short. */
function storm(seconds: number, perSecond: number, change: (i: number) => Partial<Compaction> = () => ({})) {
  const random = numbers(seconds * perSecond);
  return Array.from({ length: seconds * perSecond }, (_, i) => ({
    trigger: 0,
    cgroup: 7,
    end: START + Math.floor((i * SECOND) / perSecond),
    duration: Math.floor(US * 10 ** (5 * random() ** 2)),
    ...change(i),
  }));
}

const count = <T>(list: readonly T[], test: (one: T) => boolean) => list.filter(test).length;
const passed = (decided: readonly Decided[]) => count(decided, ({ passes }) => passes);
/** By second; not the first ones, in which the burst is used up. */
function seconds(decided: readonly Decided[], from = 3): Decided[][] {
  const groups = Map.groupBy(decided, ({ second }) => second);
  return [...groups.keys()].sort((a, b) => a - b).slice(from).map((second) => groups.get(second)!); // biome-ignore format: one line
}

describe('the limit for spans', () => {
  it('no limit: all pass', () => assert.equal(passed(decide(storm(2, 10_000), 0)), 20_000));

  it('up to the limit, all pass for ever', () => {
    assert.equal(passed(decide(storm(1000, LIMIT))), 1000 * LIMIT);
  });

  it('a burst of 25 seconds’ worth passes whole, again after 25 quiet seconds', () => {
    const burst = (at: number) => Array.from({ length: BURST }, (_, i) => ({ trigger: 0, cgroup: 7, end: START + at + i, duration: 5 * US })); // biome-ignore format: one line
    assert.equal(passed(decide([...burst(0), ...burst(26 * SECOND)])), 2 * BURST);
  });

  it('100 000 at once: the burst and a few', () => {
    const all = Array.from({ length: 100_000 }, (_, i) => ({
      trigger: 0,
      cgroup: 7,
      end: START + i,
      duration: 5 * US,
    }));
    const n = passed(decide(all));
    assert.ok(n >= BURST && n <= BURST + 5, `${n}`);
  });

  it('in a long storm as many pass as the limit says', () => {
    const decided = decide(storm(100, 1000));
    const n = passed(decided);
    // The burst, its debt of a second, and one in each second for free while it is in debt.
    assert.ok(n >= BURST + 95 * LIMIT && n <= BURST + 105 * LIMIT, `${n}`);
  });

  it('the longest of each second pass', () => {
    const limit = 200;
    for (const second of seconds(decide(storm(12, 20_000), SECOND / limit))) {
      const longest = (passes: boolean) =>
        second.filter((one) => one.passes === passes).reduce((most, { duration }) => Math.max(most, duration), 0);
      assert.ok(longest(false) < LEVEL * longest(true), `${longest(false)} ${longest(true)}`);
      // Most of the 200 longest of 20 000; the threshold is a level, of the second before.
      const top = second.toSorted((a, b) => b.duration - a.duration).slice(0, limit);
      assert.ok(passed(top) > limit / 2, `${passed(top)}`);
    }
  });

  it('a storm that worsens within a second: its longest pass without tokens', () => {
    // In the middle of a second, each is a little longer than the one before, up to 30 times.
    const middle = 10_000 + 500;
    const all = storm(11, 1000, (i) => ({ duration: i < middle ? 50 * US : Math.ceil(60 * US * 30 ** ((i - middle) / 500)) })); // biome-ignore format: one line
    const last = decide(all).slice(middle);
    const longest = (passes: boolean) =>
      last.filter((one) => one.passes === passes).reduce((most, { duration }) => Math.max(most, duration), 0);
    assert.ok(passed(last) > LIMIT && passed(last) < 4 * LIMIT, `${passed(last)}`);
    assert.ok(longest(false) < LEVEL * longest(true), `${longest(false)} ${longest(true)}`);
  });

  it('the threshold follows a storm that grows a thousandfold, and one that fades', () => {
    for (const growth of [1.15, 1 / 1.15]) {
      const scale = (i: number) => growth ** Math.floor(i / 1000);
      const all = storm(50, 1000).map((one, i) => ({ ...one, duration: Math.ceil(MS * scale(i)) + (one.duration % 1000) * 1000 })); // biome-ignore format: one line
      for (const second of seconds(decide(all))) assert.ok(passed(second) >= 2 && passed(second) <= 2 * LIMIT + 10);
    }
  });

  it('equal durations: as many as the limit says', () => {
    const decided = decide(storm(60, 1000, () => ({ duration: 50 * US })));
    const n = passed(decided.filter(({ end }) => end > START + 10 * SECOND));
    assert.ok(n > 45 * LIMIT && n < 55 * LIMIT, `${n}`);
  });

  it('each {trigger, cgroup} has its first ones in each second, however short', () => {
    const groups = 10;
    const decided = decide(
      storm(20, 2000, (i) => {
        // One of 100 belongs to one of ten small groups; these are the shortest.
        const small = i % 100 === 0;
        const group = Math.floor(i / 100) % groups;
        return small ? { trigger: group % 4, cgroup: 100 + group, duration: 300 } : {};
      }),
    );
    for (const second of seconds(decided).slice(0, -1)) {
      for (const [group, ones] of Map.groupBy(second, ({ trigger, cgroup }) => `${trigger}/${cgroup}`)) {
        assert.ok(ones[0]!.passes, `the first of ${group}`);
        assert.ok(ones[1] === undefined || ones[1].passes, `the second of ${group}`);
      }
    }
  });

  it('thousands of cgroups do not lift the limit without bounds', () => {
    for (const second of seconds(decide(storm(8, 3000, (i) => ({ cgroup: i % 3000 }))))) {
      assert.ok(passed(second) <= 1024 + 2 * LIMIT + 10, `${passed(second)}`);
    }
  });
});
