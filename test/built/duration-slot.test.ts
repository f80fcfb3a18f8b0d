// SPDX-License-Identifier: Apache-2.0
// The slots of durations that the BPF programs compute, compiled for this host, against the definition of OTLP's exponential
// histogram in whole numbers of any size.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DURATION } from '../../src/abi.generated.ts';

const BPF = fileURLToPath(new URL('../../bpf', import.meta.url));
const PROGRAM = `
#include <linux/types.h>
#include <stdio.h>
#include "event.h"
#include "duration_slot.h"

int main(void)
{
	unsigned long long ns;

	while (scanf("%llu", &ns) == 1)
		printf("%llu\\n", duration_slot(ns));
	return 0;
}
`;
const RANDOM_VALUES = 200_000;

/** Whether ns > 10^9 * 2^(k / 8), which is ns^8 > 10^72 * 2^k. */
function isAbove(ns: bigint, k: number): boolean {
  const [left, right] = [ns ** 8n, 10n ** 72n];
  return k < 0 ? left << BigInt(-k) > right : left > right << BigInt(k);
}

const first = -DURATION.HALVINGS * 8;

/** Slot n ends at 2^((first + n) / 8) s, inclusively. */
function slotOf(ns: bigint): number {
  let [low, high] = [0, DURATION.SLOTS - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAbove(ns, first + middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The largest whole number that is not above the end of a slot. */
function endOf(slot: number): bigint {
  let [low, high] = [0n, 2n ** 64n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (isAbove(middle, first + slot)) high = middle;
    else low = middle;
  }
  return low;
}

describe('the slot of a duration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-slot-'));
  after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'slot');

  before(() => {
    writeFileSync(join(folder, 'slot.c'), PROGRAM);
    execFileSync('clang', ['-O2', `-I${BPF}`, '-o', program, join(folder, 'slot.c')]);
  });

  const slotsOf = (values: readonly bigint[]) => {
    const output = execFileSync(program, { input: values.join('\n'), encoding: 'utf8', maxBuffer: 2 ** 26 });
    return output.trimEnd().split('\n').map(Number);
  };

  it('ends where the bucket of OTLP ends, and the next nanosecond is in the next slot', () => {
    const slots = Array.from({ length: DURATION.SLOTS - 1 }, (_, i) => i);
    const ends = slots.map(endOf);
    assert.deepEqual(slotsOf(ends), slots);
    assert.deepEqual(
      slotsOf(ends.map((ns) => ns + 1n)),
      slots.map((slot) => slot + 1),
    );
  });

  it('whole powers of two of a second are the last in their slot', () => {
    const seconds = Array.from({ length: DURATION.DOUBLINGS + 1 }, (_, i) => i);
    assert.deepEqual(
      slotsOf(seconds.map((power) => (10n ** 9n) << BigInt(power))),
      seconds.map((power) => (DURATION.HALVINGS + power) * 8),
    );
  });

  it('the shortest and the longest', () => {
    assert.deepEqual(slotsOf([0n, 1n, 953n, 954n]), [0, 0, 0, 1]);
    const last = DURATION.SLOTS - 1;
    assert.deepEqual(slotsOf([(10n ** 9n) << 14n, ((10n ** 9n) << 14n) + 1n, 2n ** 62n, 2n ** 64n - 1n]), [
      last,
      last,
      last,
      last,
    ]);
  });

  it(`${RANDOM_VALUES} values of all sizes`, () => {
    const random = () => BigInt(Math.floor(Math.random() * 2 ** 32));
    const values = Array.from({ length: RANDOM_VALUES }, (_, i) => ((random() << 32n) | random()) >> BigInt(i % 64));
    const slots = slotsOf(values);
    for (const [i, ns] of values.entries()) assert.equal(slots[i], slotOf(ns), `${ns} ns`);
  });
});
