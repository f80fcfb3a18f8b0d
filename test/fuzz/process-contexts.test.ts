// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { contextAttributes, threadContextSchema } from '../../src/prober/service/context-payload.ts';
import { publishedNs, readContext } from '../../src/prober/service/process-context.ts';
import { serviceResource } from '../../src/prober/service/service-resource.ts';
import { fields, messages } from '../../src/protobuf/reader.ts';
import {
  array,
  attribute,
  bool,
  bytes,
  context,
  double,
  int,
  text,
  threadContexts,
  varint,
} from '../unit/prober/service/payload.ts';
import { anyText, EDGES, mutated, noise, record, u64 } from './arbitraries.ts';
import { FILES, LARGE, property, refusing } from './property.ts';
import { scratchFolder } from './scratch.ts';

const name = anyText(12).map((one) => one.toWellFormed());
const string = anyText(40).map((one) => one.toWellFormed());
const primitive = fc.oneof(
  string.map((value) => [value, text(value)] as const),
  fc.boolean().map((value) => [value, bool(value)] as const),
  fc.maxSafeInteger().map((value) => [value, int(value)] as const),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => [value, double(4, value)] as const),
);
const strings = fc.array(string, { maxLength: 5 }).map((value) => [value, array(...value.map(text))] as const);
const attributes = fc.array(fc.tuple(name, fc.oneof(primitive, strings)), { maxLength: 8 });
const payload = attributes.map((all) => context(...all.map(([one, [, encoded]]) => attribute(one, encoded))));

property(
  'a payload has the attributes that were written',
  attributes,
  (all) => {
    const encoded = context(...all.map(([one, [, value]]) => attribute(one, value)));
    assert.deepEqual(
      contextAttributes(encoded),
      all.map(([one, [value]]) => [one, value]),
    );
  },
  LARGE,
);

/** Bounded, and fit for JSON and for a span. */
function assertPayload(encoded: Buffer): void {
  const found = contextAttributes(encoded) ?? [];
  assert.ok(found.length <= 128);
  const resource = serviceResource(found, { executable: 'node' });
  assert.ok(typeof resource['service.name'] === 'string' && resource['service.name'] !== '');
  assert.ok(JSON.stringify(resource).length < 6 * 8192 + 64 * 64);
  assert.deepEqual(JSON.parse(JSON.stringify(resource)), { ...resource, ...zeroed(resource) });
  const schema = threadContextSchema(encoded);
  assert.ok(schema === undefined || schema.keys.every((key) => typeof key === 'string'));
}

/** JSON has one zero. */
const zeroed = (resource: object) =>
  Object.fromEntries(
    Object.entries(resource)
      .filter(([, value]) => value === 0)
      .map(([one]) => [one, 0]),
  );

property(
  'changed payloads',
  mutated(
    fc.oneof(
      payload,
      fc.constant(Buffer.concat([threadContexts('a', 'b'), context(attribute('service.name', text('shop')))])),
    ),
  ),
  assertPayload,
  LARGE,
);

property('any bytes as a payload', noise(400), assertPayload);

const anyField = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 2 ** 28 - 1 }), fc.maxSafeInteger())
    .map(([field, value]) => ({ field, value, encoded: varint(field, value) })),
  fc
    .tuple(fc.integer({ min: 1, max: 2 ** 28 - 1 }), noise(40))
    .map(([field, value]) => ({ field, value, encoded: bytes(field, value) })),
);

property('protobuf: fields are read as they were written', fc.array(anyField, { maxLength: 10 }), (all) => {
  const read = [...fields(Buffer.concat(all.map(({ encoded }) => encoded)))];
  assert.deepEqual(
    read.map(({ field, value }) => ({ field, value: typeof value === 'number' ? value : Buffer.from(value) })),
    all.map(({ field, value }) => ({ field, value })),
  );
});

property('protobuf: any bytes are a message, or out of range', noise(100), (one) => {
  const isOwn = (error: Error) =>
    error instanceof RangeError && /^(not a varint|longer than|unknown wire type)/.test(error.message);
  const read = refusing(() => [...fields(one)], isOwn) ?? [];
  assert.ok(read.length <= one.length / 2);
  for (const inner of refusing(() => messages(one, 1), isOwn) ?? []) assert.ok(inner.length < one.length);
});

const PAGE = 4096;
const PAGES = 4;
const folder = scratchFolder();

const header = record({
  at: fc.nat(PAGE * PAGES),
  size: fc.oneof(fc.nat(200), fc.constantFrom(...EDGES).map(Number)),
  published: u64(),
  payloadAt: fc.oneof(fc.nat(PAGE * PAGES).map(BigInt), u64()),
});

property(
  'a process: whatever is in its memory, and wherever its pages are',
  record({
    header,
    payload,
    present: fc.array(fc.constantFrom(0n, 1n << 63n, 1n << 62n, (1n << 62n) | (1n << 57n)), {
      minLength: PAGES,
      maxLength: PAGES,
    }),
    candidates: fc.array(u64(), { maxLength: 3 }),
  }),
  ({ header: { at, size, published, payloadAt }, payload: content, present, candidates }) => {
    const memory = Buffer.alloc(PAGE * PAGES + 64 + PAGE);
    memory.write('OTEL_CTX', at, 'latin1');
    memory.writeUInt32LE(2, at + 8);
    memory.writeUInt32LE(size % 2 ** 32, at + 12);
    memory.writeBigUInt64LE(published, at + 16);
    memory.writeBigUInt64LE(payloadAt, at + 24);
    content.copy(memory, Number(payloadAt % BigInt(PAGE)));
    writeFileSync(join(folder, 'mem'), memory);
    const pagemap = Buffer.alloc(8 * PAGES);
    for (const [i, entry] of present.entries()) pagemap.writeBigUInt64LE(entry, i * 8);
    writeFileSync(join(folder, 'pagemap'), pagemap);
    for (const candidate of [BigInt(at), ...candidates]) {
      const since = publishedNs(folder, candidate);
      assert.ok(since === undefined || since === 'away' || since >= 0n);
    }
    const found = readContext(folder, [BigInt(at), ...candidates]);
    if (found === undefined) return;
    assert.ok(found.publishedNs !== 0n && found.payload.length <= 64 * 1024);
    assertPayload(found.payload);
  },
  FILES,
);
