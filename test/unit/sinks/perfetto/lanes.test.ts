// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Lanes } from '../../../../src/sinks/perfetto/lanes.ts';

type Slice = [from: number, to: number];

/** The lanes with their slices, in the order in which these were placed. */
function placed(slices: readonly Slice[], lanes = new Lanes()): Map<number | undefined, Slice[]> {
  const found = new Map<number | undefined, Slice[]>();
  for (const slice of slices) {
    const lane = lanes.place('zone', BigInt(slice[0]), BigInt(slice[1]));
    found.set(lane, [...(found.get(lane) ?? []), slice]);
  }
  return found;
}

it('what follows each other has one lane, in any order', () => {
  const slices: Slice[] = [
    [10, 20],
    [20, 30],
    [30, 30],
    [0, 9],
    [40, 50],
  ]; // prettier-ignore
  assert.deepEqual([...placed(slices).keys()], [0]);
});

it('what overlaps, or ends when one that is written already begins, has another', () => {
  assert.deepEqual(
    [
      ...placed([
        [10, 20],
        [15, 16],
        [0, 10],
        [21, 22],
      ]).entries(),
    ],
    [
      [
        0,
        [
          [10, 20],
          [21, 22],
        ],
      ],
      [
        1,
        [
          [15, 16],
          [0, 10],
        ],
      ],
    ],
  ); // prettier-ignore
});

it('in no lane do slices overlap, whatever they are', () => {
  let seed = 16;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const slices = Array.from({ length: 3000 }, (): Slice => {
    const from = random(20_000);
    return [from, from + random(120)];
  });
  for (const [lane, own] of placed(slices)) {
    const sorted = own.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
    for (const [i, [from]] of sorted.entries()) assert.ok(i === 0 || sorted[i - 1]![1] <= from, `lane ${lane}`);
  }
});

it('keeps a bounded number of lanes and of groups: others have none, and overlap nothing', () => {
  const lanes = new Lanes();
  const many = placed(
    Array.from({ length: 1000 }, (): Slice => [0, 10]),
    lanes,
  );
  assert.equal(many.get(undefined)!.length, 1000 - 256);
  for (let group = 0; group < 5000; group++) {
    const from = BigInt(20 * (group + 1));
    assert.equal(lanes.place(`${group}`, from, from + 10n), 0);
  }
  // The zone was forgotten, and with it that it was busy up to 10.
  assert.equal(lanes.place('zone', 5n, 40n), undefined);
  assert.equal(lanes.place('zone', 200_000n, 200_040n), 0);
});
