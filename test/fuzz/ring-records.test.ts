// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EVENT, PROCESS_EVENT_SIZE, ZONE_STATE } from '../../src/abi.generated.ts';
import { parseEvent } from '../../src/event/parse.ts';
import { parseSpanAttributes } from '../../src/live/span-attributes.ts';
import { jsonLine } from '../../src/sinks/text/json.ts';
import { recordedBatch, recordedDecoder } from '../unit/recorded-kernel.ts';
import { mutated, noise, u64 } from './arbitraries.ts';
import { property } from './property.ts';

const decoder = recordedDecoder();
const FRAME = 8;
const batch = recordedBatch();
const first = batch.subarray(FRAME, FRAME + batch.readUInt32LE(0));

function framed(records: readonly Buffer[]): Buffer {
  return Buffer.concat(
    records.map((record) => {
      const frame = Buffer.alloc(FRAME + Math.ceil(record.length / 8) * 8);
      frame.writeUInt32LE(record.length);
      record.copy(frame, FRAME);
      return frame;
    }),
  );
}

/** Each record is an event that every sink can take, or counted as malformed. */
function assertDecoded(bytes: Buffer): void {
  const { events, beganNs, programs, attributes, published, received, malformed } = decoder.decode(bytes);
  assert.equal(events.length + malformed, received);
  assert.deepEqual([beganNs.length, programs.length, attributes.length], Array(3).fill(events.length));
  assert.ok(received + published.length <= bytes.length / FRAME + 1);
  for (const event of events) {
    assert.deepEqual(parseEvent(jsonLine(event)), event);
    assert.ok(event.stack.length <= EVENT.stack.size / 8);
    assert.ok(Math.max(event.begin.blocks.length, event.end.blocks.length) <= ZONE_STATE.freeBlocks.size / 4);
  }
}

property('any bytes', noise(2048), assertDecoded);

property(
  'frames with any bytes',
  fc.array(fc.oneof(noise(700), noise(PROCESS_EVENT_SIZE)), { maxLength: 6 }).map(framed),
  assertDecoded,
);

property(
  'records with changed bytes',
  fc.array(mutated(fc.constant(first)), { minLength: 1, maxLength: 3 }).map(framed),
  assertDecoded,
);

property('a batch with changed bytes', mutated(fc.constant(batch)), assertDecoded, { share: 0.25 });

/** The fields of a record, as far as any number may be in them. */
const FIELDS = Object.entries(EVENT).filter(
  ([name, { size }]) => [1, 2, 4, 8].includes(size) && !['stackSize', 'ownFrames', 'orders'].includes(name),
);

const withFields = fc.dictionary(fc.constantFrom(...FIELDS.map(([name]) => name)), u64()).map((values) => {
  const record = Buffer.from(first);
  for (const [name, { offset, size }] of FIELDS) {
    const value = values[name];
    if (value !== undefined)
      record.writeBigUInt64LE(
        BigInt.asUintN(8 * size, value) | ((record.readBigUInt64LE(offset) >> BigInt(8 * size)) << BigInt(8 * size)),
        offset,
      );
  }
  return framed([record]);
});

property('a record with any numbers in its fields', withFields, assertDecoded);

property(
  "a span's attributes: all that are whole, in their order",
  fc.array(fc.tuple(fc.nat(255), noise(40)), { maxLength: 8 }),
  (all) => {
    const bytes = Buffer.concat(all.map(([index, value]) => Buffer.concat([Buffer.of(index, value.length), value])));
    assert.deepEqual(
      parseSpanAttributes(bytes) ?? [],
      all.map(([index, value]) => [index, value.toString()]),
    );
  },
);

property("any bytes as a span's attributes", noise(300), (bytes) => {
  const found = parseSpanAttributes(bytes) ?? [];
  assert.ok(found.length <= bytes.length / 2);
});
