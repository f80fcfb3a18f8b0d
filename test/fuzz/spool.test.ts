// SPDX-License-Identifier: Apache-2.0
/** The files of a spool, whatever is in them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeCursor,
  encodeCursor,
  MAX_SEGMENT_NUMBER,
  readSegment,
  recordHeader,
  segmentHeader,
} from '../../src/spool/format.ts';
import { limitsFor } from '../../src/spool/limits.ts';
import { segmentName } from '../../src/spool/segment-store.ts';
import { Spool } from '../../src/spool/spool.ts';
import { CrashFiles } from '../unit/spool/crash-files.ts';
import { mutated, noise, record } from './arbitraries.ts';
import { FILES, property } from './property.ts';

const SALT = 0x1234_5678;
const request = record({ payload: noise(80), spans: fc.nat(1000), unixMs: fc.nat(2 ** 40) });
const requests = fc.array(request, { maxLength: 6 });
type Requests = typeof requests extends fc.Arbitrary<infer T> ? T : never;

const segmentOf = (number: number, all: Requests): Buffer =>
  Buffer.concat([
    segmentHeader(number, SALT),
    ...all.flatMap(({ payload, ...head }) => [recordHeader(payload, head, SALT), payload]),
  ]);

property('a segment has the requests that were written', requests, (all) => {
  const { records, damaged, unfinishedBytes, unusable } = readSegment(segmentOf(3, all), 3);
  assert.deepEqual(
    records.map(({ payload, spans, unixMs }) => ({ payload: Buffer.from(payload), spans, unixMs })),
    all,
  );
  assert.deepEqual([damaged, unfinishedBytes, unusable], [0, 0, undefined]);
});

property(
  'a segment of which a part was changed has no other requests',
  fc.tuple(
    requests.chain((all) => fc.tuple(fc.constant(all), mutated(fc.constant(segmentOf(3, all))))),
    fc.nat(400),
  ),
  ([[all, bytes], from]) => {
    const { records } = readSegment(bytes, 3, from);
    const written = all.map(({ payload, spans, unixMs }) => `${payload.toString('hex')} ${spans} ${unixMs}`);
    let last = 0;
    for (const { payload, spans, unixMs, end } of records) {
      assert.ok(written.includes(`${Buffer.from(payload).toString('hex')} ${spans} ${unixMs}`));
      assert.ok(end > last && end <= bytes.length);
      last = end;
    }
  },
);

property('any bytes are a segment, or not', noise(300), (bytes) => {
  const { records, unfinishedBytes } = readSegment(bytes, 1);
  assert.ok(records.length === 0 && unfinishedBytes <= bytes.length);
});

const cursors = fc.record({ segment: fc.nat(6), offset: fc.nat(500) }).map(encodeCursor);

property('a cursor of which a part was changed is none, or the same', mutated(cursors), (bytes) => {
  const cursor = decodeCursor(bytes);
  assert.ok(cursor === undefined || encodeCursor(cursor).equals(bytes));
});

const segmentFile = fc
  .tuple(fc.integer({ min: 1, max: 5 }), requests)
  .chain(([number, all]) =>
    fc.tuple(
      fc.constantFrom(segmentName(number), `${segmentName(number)}.bad`),
      fc.oneof(fc.constant(segmentOf(number, all)), mutated(fc.constant(segmentOf(number, all))), noise(100)),
    ),
  );
const otherFile = fc.tuple(
  fc.constantFrom('cursor', 'cursor.new', 'lock.7', 'x.spool', segmentName(MAX_SEGMENT_NUMBER), 'fffffffffffff.spool'),
  fc.oneof(cursors, mutated(cursors), noise(40)),
);
const folders = fc.array(fc.oneof(segmentFile, otherFile), { maxLength: 7 }).map((files) => new Map(files));

property(
  'a folder with any files is read to its end, and works on',
  folders,
  async (state) => {
    const files = new CrashFiles<never>(state);
    const run = async (memoryBytes: number, push: boolean) => {
      const spool = new Spool({
        files,
        limits: { ...limitsFor(1e9, 1e15), memoryBytes, syncMs: 1e8, noteMs: 1e8, retryMs: 1e8 },
        events: {
          recovered() {},
          dropped() {},
          damaged() {},
          failing: (error) => {
            throw error;
          },
          works() {},
        },
        newSalt: () => 1,
      });
      await spool.open();
      if (push) spool.push({ bytes: Buffer.from('new'), spans: 1 });
      const taken: string[] = [];
      for (let next = await spool.next(); next; next = await spool.next()) {
        taken.push(Buffer.from(next.bytes).toString());
        spool.settled(next);
        assert.ok(taken.length <= 100);
      }
      await spool.close();
      assert.deepEqual([spool.safeSpans, spool.unsafeSpans], [0, 0]);
      return taken;
    };
    assert.equal((await run(1, true)).at(-1), 'new');
    assert.deepEqual(await run(1e9, false), []);
    assert.deepEqual(await run(1e9, true), ['new']);
  },
  FILES,
);
