// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import { fields } from '../../../../src/protobuf/reader.ts';
import { bytesTag, ProtobufWriter, varintTag } from '../../../../src/protobuf/writer.ts';
import { delivered } from '../../../../src/sinks/otlp/collector.ts';
import { FULL_SUCCESS, readResponse } from '../../../../src/sinks/otlp/response.ts';
import { retryDelayMs } from '../../../../src/sinks/otlp/retry-info.ts';
import { encodeResponse, encodeRetryInfo } from './wire.ts';

const INTEGERS = [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, Number.MAX_SAFE_INTEGER];

test('integers are varints as protobufjs reads them, negative ones of ten bytes', () => {
  for (const value of [...INTEGERS, ...INTEGERS.map((n) => -n)]) {
    const out = new ProtobufWriter(1);
    out.varint(value);
    const reader = protobuf.Reader.create(out.written());
    assert.equal(BigInt(reader.int64().toString()), BigInt(value));
    assert.equal(reader.pos, out.length);
    if (value < 0) assert.equal(out.length, 10);
  }
});

test('strings of any length and any characters are UTF-8; lone surrogates become U+FFFD', () => {
  for (const unit of ['a', 'é', '漢', '\u{1F4A5}', '\ud800', '\udc00x', 'a\ud83d']) {
    for (const length of [0, 1, 16, 42, 43, 63, 64, 65, 127, 128, 5461, 5462, 8192, 16383, 16384, 700_000]) {
      const text = unit.repeat(length).slice(0, length);
      const out = new ProtobufWriter(1);
      out.string(text);
      const reader = protobuf.Reader.create(out.written());
      assert.ok(Buffer.from(text).equals(reader.bytes()), `${JSON.stringify(unit)} x ${length}`);
      assert.equal(reader.pos, out.length);
    }
  }
});

test('a length that takes more or fewer bytes than expected moves the bytes after it', () => {
  for (const expected of [1, 2]) {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 2 ** 21]) {
      const out = new ProtobufWriter(1);
      const start = out.begin(expected);
      out.raw(Buffer.alloc(length, 0xa5));
      out.end(start, expected);
      out.varint(7);
      const reader = protobuf.Reader.create(out.written());
      assert.ok(Buffer.alloc(length, 0xa5).equals(reader.bytes()));
      assert.equal(reader.uint32(), 7);
    }
  }
});

test('fields are read back; those of fixed size are skipped', () => {
  const writer = protobuf.Writer.create();
  for (const value of [...INTEGERS, -1]) writer.uint32(varintTag(1000)).int64(value);
  writer
    .uint32((2 << 3) | 1)
    .fixed64(1)
    .uint32((3 << 3) | 5)
    .fixed32(1)
    .uint32(bytesTag(4))
    .string('größe');
  const read = [...fields(writer.finish())];
  assert.deepEqual(
    read.slice(0, -1),
    [...INTEGERS, -1].map((value) => ({ field: 1000, value })),
  );
  assert.deepEqual(read.at(-1), { field: 4, value: Buffer.from('größe') });
});

const batch = { bytes: new Uint8Array(), spans: 10 };

test('answers of a collector are read, and no answer throws or unbalances the books', () => {
  const read = (answer: Uint8Array = Buffer.alloc(0)) => delivered(batch, readResponse(answer) ?? FULL_SUCCESS);
  const all = { kind: 'delivered', rejected: 0, message: '' };
  for (const nothing of [
    undefined,
    Buffer.alloc(0),
    encodeResponse(),
    Buffer.from([0xff, 0xff]),
    Buffer.from('<html>'),
  ])
    assert.deepEqual(read(nothing), all);
  const whole = encodeResponse(7, 'clock is wrong: größe');
  assert.deepEqual(read(whole), { ...all, rejected: 7, message: 'clock is wrong: größe' });
  assert.deepEqual(read(encodeResponse(11)), { ...all, rejected: 10 });
  assert.deepEqual(read(encodeResponse(-1)), all);
  for (let end = 1; end < whole.length; end++) assert.deepEqual(read(whole.subarray(0, end)), all);
  for (let n = 0; n < 20_000; n++) {
    const garbage = Buffer.from(whole);
    for (let i = 0; i < 3; i++) garbage[Math.floor(Math.random() * garbage.length)] = Math.floor(Math.random() * 256);
    const outcome = read(garbage);
    assert.ok(outcome.kind === 'delivered' && Number.isInteger(outcome.rejected));
    assert.ok(outcome.rejected >= 0 && outcome.rejected <= batch.spans, garbage.toString('hex'));
  }
});

test('a requested delay is read; anything else is not one', () => {
  assert.equal(retryDelayMs(encodeRetryInfo(8, 1_250)), 1_250);
  for (const other of [undefined, 'x', Buffer.alloc(0), Buffer.from([0xff]), encodeResponse(7, 'x')]) {
    assert.equal(retryDelayMs(other), undefined);
  }
});
