// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c } from '../../../src/spool/crc32c.ts';
import {
  CURSOR_BYTES,
  decodeCursor,
  encodeCursor,
  RECORD_HEADER_BYTES,
  readSegment,
  recordHeader,
  SEGMENT_HEADER_BYTES,
  safeBytesBefore,
  segmentHeader,
} from '../../../src/spool/format.ts';

const SALT = 0xfeed_beef;
const NUMBER = 7;

const record = (payload: Buffer, spans: number, salt = SALT) =>
  Buffer.concat([recordHeader(payload, { spans, unixMs: 1_795_441_812_325 }, salt), payload]);
const segment = (...parts: Buffer[]) => Buffer.concat([segmentHeader(NUMBER, SALT), ...parts]);
const text = (words: string) => Buffer.from(words);
const payloads = ({ records }: { records: { payload: Uint8Array }[] }) =>
  records.map(({ payload }) => Buffer.from(payload).toString());

describe('CRC32C', () => {
  it('has the values of RFC 3720, B.4', () => {
    const incrementing = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
    const read = Buffer.alloc(48);
    for (const [at, byte] of [
      [0, 0x01],
      [1, 0xc0],
      [16, 0x14],
      [22, 0x04],
      [27, 0x14],
      [31, 0x18],
      [32, 0x28],
      [40, 0x02],
    ] as const) {
      read[at] = byte;
    }
    assert.deepEqual(
      [Buffer.alloc(32), Buffer.alloc(32, 0xff), incrementing, Buffer.from(incrementing).reverse(), read].map((bytes) =>
        crc32c(bytes).toString(16),
      ),
      ['8a9136aa', '62a8ab43', '46dd794e', '113fdb5c', 'd9963a56'],
    );
  });

  it('of parts is that of the whole, wherever it is divided', () => {
    const whole = Buffer.from(Array.from({ length: 61 }, (_, i) => (i * 37) & 0xff));
    for (let at = 0; at <= whole.length; at++) {
      assert.equal(crc32c(whole.subarray(at), crc32c(whole.subarray(0, at))), crc32c(whole));
    }
  });
});

describe('a segment', () => {
  const whole = segment(record(text('one'), 1), record(text('second'), 2), record(text(''), 3));

  it('is read as it was written', () => {
    const content = readSegment(whole, NUMBER);
    assert.deepEqual(payloads(content), ['one', 'second', '']);
    assert.deepEqual(
      content.records.map(({ spans, unixMs, end }) => [spans, unixMs, end]),
      [
        [1, 1_795_441_812_325, 59],
        [2, 1_795_441_812_325, 89],
        [3, 1_795_441_812_325, 113],
      ],
    );
    assert.deepEqual([content.damaged, content.unfinishedBytes, content.unusable], [0, 0, undefined]);
  });

  it('is read from a place in it', () => {
    assert.deepEqual(payloads(readSegment(whole, NUMBER, 59)), ['second', '']);
    assert.deepEqual(payloads(readSegment(whole, NUMBER, whole.length)), []);
    assert.deepEqual(payloads(readSegment(whole, NUMBER, whole.length + 100)), []);
  });

  it('with any one bit changed never gives other records, and says that something is wrong', () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Buffer.from(whole);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const { records, damaged, unfinishedBytes, unusable } = readSegment(changed, NUMBER);
      assert.ok(damaged > 0 || unfinishedBytes > 0 || unusable !== undefined, `bit ${bit}`);
      for (const { payload } of records) assert.ok(['one', 'second', ''].includes(Buffer.from(payload).toString()));
      // One bit is in one record; in the header it is in none.
      assert.ok(unusable !== undefined || records.length === 2, `bit ${bit}`);
    }
  });

  it('cut anywhere gives what is whole', () => {
    for (let length = 0; length < whole.length; length++) {
      const { records, damaged, unfinishedBytes, unusable } = readSegment(whole.subarray(0, length), NUMBER);
      assert.deepEqual([damaged, unusable], [0, undefined]);
      assert.equal(records.length, [59, 89, 113].filter((end) => end <= length).length);
      assert.equal(unfinishedBytes, length - (records.at(-1)?.end ?? (length < SEGMENT_HEADER_BYTES ? 0 : 32)));
    }
  });

  it('of which so many bytes were safe: what is wrong with these is damage, and what is behind them was not finished', () => {
    const changed = Buffer.from(whole);
    changed[95]! ^= 1;
    for (const [bytes, safe, records, damaged, unfinished] of [
      [whole, 113, 3, 0, 0],
      [whole.subarray(0, 100), 89, 2, 0, 11],
      [whole.subarray(0, 100), 113, 2, 1, 0],
      [whole.subarray(0, 89), 113, 2, 1, 0],
      [changed, 89, 2, 0, 24],
      [changed, 113, 2, 1, 0],
    ] as const) {
      const content = readSegment(bytes, NUMBER, SEGMENT_HEADER_BYTES, safe);
      assert.deepEqual(
        [content.records.length, content.damaged, content.unfinishedBytes],
        [records, damaged, unfinished],
        `${bytes.length} bytes, ${safe} of them safe`,
      );
    }
    assert.ok(readSegment(Buffer.alloc(113), NUMBER, SEGMENT_HEADER_BYTES, 113).unusable);
    assert.ok(readSegment(Buffer.alloc(0), NUMBER, SEGMENT_HEADER_BYTES, 113).unusable);
  });

  it('says how many bytes of the one before were safe', () => {
    const header = segmentHeader(NUMBER, SALT, 113);
    assert.deepEqual([safeBytesBefore(header, NUMBER), safeBytesBefore(header, NUMBER + 1)], [113, 0]);
    header[28]! ^= 1;
    assert.deepEqual([safeBytesBefore(header, NUMBER), safeBytesBefore(Buffer.alloc(7), NUMBER)], [0, 0]);
  });

  it('with a record of another segment in it leaves that out', () => {
    const content = readSegment(segment(record(text('other'), 1, SALT + 1), record(text('own'), 1)), NUMBER);
    assert.deepEqual([payloads(content), content.damaged], [['own'], 1]);
  });

  it('whose payload looks like a record is one record; damaged, it does not give that one', () => {
    const inner = record(text('forged'), 9, SALT + 1);
    const bytes = segment(record(inner, 1), record(text('next'), 1));
    assert.equal(readSegment(bytes, NUMBER).records.length, 2);
    bytes[SEGMENT_HEADER_BYTES + 4]! ^= 1;
    assert.deepEqual(payloads(readSegment(bytes, NUMBER)), ['next']);
  });

  it('full of what looks like headers takes a bounded time', () => {
    const mark = record(text(''), 1, SALT + 1);
    mark.writeUInt32LE(1_000_000, 8);
    const bytes = segment(...Array.from({ length: 2_000_000 / RECORD_HEADER_BYTES }, () => mark), record(text('x'), 1));
    const { damaged } = readSegment(bytes, NUMBER);
    assert.equal(damaged, 1);
  });

  it('of another version, another number, or no segment is not read, with the reason', () => {
    const other = Buffer.from(whole);
    other.writeUInt32LE(2, 12);
    other.writeUInt32LE(crc32c(other.subarray(12, SEGMENT_HEADER_BYTES)), 8);
    assert.equal(readSegment(other, NUMBER).unusable, 'it has the form 2, not 1');
    assert.equal(readSegment(whole, NUMBER + 1).unusable, 'it has the name of another one');
    assert.equal(readSegment(Buffer.alloc(100, 1), NUMBER).unusable, 'it does not begin as a segment does');
  });

  it('that a crash left empty has nothing, and is not damaged', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(5, 1), Buffer.alloc(4096)]) {
      assert.deepEqual(readSegment(bytes, NUMBER), { records: [], damaged: 0, unfinishedBytes: bytes.length });
    }
  });
});

describe('a cursor', () => {
  const cursor = { segment: 2 ** 40, offset: 123_456 };

  it('is read as it was written', () => assert.deepEqual(decodeCursor(encodeCursor(cursor)), cursor));

  it('with any one bit changed, cut or longer is none', () => {
    const bytes = encodeCursor(cursor);
    for (let bit = 0; bit < CURSOR_BYTES * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(decodeCursor(changed), undefined, `bit ${bit}`);
    }
    assert.equal(decodeCursor(bytes.subarray(1)), undefined);
    assert.equal(decodeCursor(Buffer.concat([bytes, Buffer.alloc(1)])), undefined);
  });
});
