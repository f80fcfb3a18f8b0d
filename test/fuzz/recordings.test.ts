// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { emptyResource } from '@opentelemetry/resources';
import fc from 'fast-check';
import { isCompaction } from '../../src/event/event.ts';
import { linesOf } from '../../src/event/lines.ts';
import { parseEvent } from '../../src/event/parse.ts';
import { Summary } from '../../src/event/summary.ts';
import { readLimits } from '../../src/sinks/otlp/limits.ts';
import { RequestWriter } from '../../src/sinks/otlp/request-writer.ts';
import { jsonLine } from '../../src/sinks/text/json.ts';
import { snoopRows } from '../../src/sinks/text/snoop-table.ts';
import { tableRows } from '../../src/sinks/text/table.ts';
import { decodeRequest } from '../unit/sinks/otlp/wire.ts';
import { anyText, mutatedJson, mutatedText, noise, record } from './arbitraries.ts';
import { anyEvent } from './events.ts';
import { LARGE, property, refusing } from './property.ts';

/** A sentence that names the field, not an error of the language. */
const isOwn = (error: Error) =>
  error.constructor === Error &&
  /^(not |nested more|[a-zA-Z.]+: expected )/.test(error.message) &&
  error.message.length < 600;

const resource = emptyResource();
const style = { color: true, kernelStack: true };
const rows = tableRows(style);
const writer = new RequestWriter({
  stack: 'both',
  limits: readLimits({}),
  sampler: undefined,
  scope: { name: 'compactstall', version: '0' },
  resourceOf: () => resource,
});
const snoop = snoopRows({ timestamp: true, extended: true, kernelStack: true });

/** Every sink takes an event that the parser has let through, and the line is the same event again. */
function assertUsable(line: string): void {
  const event = refusing(() => parseEvent(line), isOwn);
  if (event === undefined) return;
  const again = jsonLine(event);
  assert.deepEqual(parseEvent(again), JSON.parse(again));
  assert.equal(jsonLine(parseEvent(again)), again);
  if (isCompaction(event)) {
    assert.equal(typeof rows(event), 'string');
    assert.equal(typeof snoop(event), 'string');
  }
  const summary = new Summary();
  summary.add([event]);
  assert.equal(JSON.parse(JSON.stringify(summary.report())).all.longestNano >= 0, true);
  assert.equal(writer.add(event), 'added');
  const { bytes } = writer.finish();
  // The names and the numbers take less in protobuf than in JSON, besides the names of attributes.
  assert.ok(bytes.length < 4096 + 4 * again.length, `${bytes.length} bytes for ${again.length} characters`);
  assert.equal(decodeRequest(bytes).length, 1);
}

property(
  'a line of an event is that event',
  anyEvent(),
  (event) => {
    const line = jsonLine(event);
    assert.deepEqual(parseEvent(line), JSON.parse(JSON.stringify(event)));
    assertUsable(line);
  },
  LARGE,
);

property('a line with changed values', mutatedJson(anyEvent()), (value) => assertUsable(JSON.stringify(value)), LARGE);

property('a line with changed characters', mutatedText(anyEvent().map(jsonLine)), assertUsable);

property('any characters', fc.oneof(anyText(200), fc.json()), assertUsable);

/** Bytes with many ends of lines, in chunks of any size. */
const chunked = record({
  bytes: fc.oneof(
    noise(300),
    fc.string({ unit: fc.constantFrom('\n', 'a', 'é', '\u{1F4A5}', '\u2028', '\r') }).map((text) => Buffer.from(text)),
  ),
  cuts: fc.array(fc.nat(300), { maxLength: 6 }),
  longest: fc.constantFrom(0, 1, 10, 1000),
});

property(
  'lines are the same however the bytes come in chunks, and a long one is cut',
  chunked,
  async ({ bytes, cuts, longest }) => {
    const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
    const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i]!, end));
    const lines: string[] = [];
    const source = (async function* () {
      yield* chunks;
    })();
    for await (const some of linesOf(source, longest)) lines.push(...some);
    const expected = new TextDecoder().decode(bytes).split('\n');
    if (expected.at(-1) === '') expected.pop();
    assert.equal(lines.length, expected.length);
    for (const [i, line] of lines.entries()) {
      if (expected[i]!.length <= longest) assert.equal(line, expected[i]);
      else assert.ok(line.length > longest && line.length <= expected[i]!.length);
    }
  },
);
