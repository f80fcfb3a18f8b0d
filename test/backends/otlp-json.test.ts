// SPDX-License-Identifier: Apache-2.0
// --output otlp-json:FILE, read by a real Collector's otlpjsonfile receiver: what the OTLP sink sends, span by span.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { startCollector, startFileReader } from '../../harness/receivers/receivers.ts';
import { Agent, parseLines, runToEnd } from '../support/agent.ts';
import { event, notRecorded } from '../unit/fixtures.ts';

const DEADLINE_MS = 60_000;
const WRITES = 17;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
/** Beyond it the receiver cuts a line. */
const MAX_LINE = 1024 * 1024;

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const byId = (spans: readonly ReceivedSpan[]) =>
  [...spans].sort((a, b) => (a.span.spanId < b.span.spanId ? -1 : a.span.spanId > b.span.spanId ? 1 : 0));
/** Each output makes an id for its own process where spans have the host's resource. */
const comparable = ({ resource: { 'service.instance.id': _, ...resource }, ...span }: ReceivedSpan) => ({
  ...span,
  resource,
});

/** The spans that the Collector has read in a file. */
async function readBack(file: string, count: number): Promise<readonly ReceivedSpan[]> {
  const collector = await startCollector({ spansFile: `${file}.read` });
  const reader = await startFileReader(file, collector);
  const spans = await collector.waitForSpans(count, DEADLINE_MS);
  await reader.kill();
  await collector.stop();
  return spans;
}

it(`${WRITES} writes, live: the file has the spans that were sent`, async () => {
  const collector = await startCollector({ spansFile: at('sent') });
  const words = ['--pid', String(process.pid), '-o', 'otlp', '-o', `otlp-json:${at('live.jsonl')}`];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  const agent = await new Agent(words, { env, books: true }).attached();
  compact(COMPACT_NODE0, WRITES);
  const { code, books, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  const sent = await collector.waitForSpans(WRITES * ZONES, DEADLINE_MS);
  await collector.stop();
  const read = await readBack(at('live.jsonl'), WRITES * ZONES);
  assert.equal(read.length, WRITES * ZONES);
  assert.deepEqual(byId(read).map(comparable), byId(sent).map(comparable));
  assert.ok(books!.balances, stderr);
  assert.match(stderr, new RegExp(`${WRITES * ZONES} exported by otlp-json:`));
});

it('a recording with gaps, long stacks and hostile names: the same, in lines that the receiver reads whole', async () => {
  const frames = Array.from({ length: 127 }, (_, i) => `function_with_a_long_name_${i}+0x${i.toString(16)} [module]`);
  const events = Array.from({ length: 700 }, (_, i) =>
    event(i, {
      stack: [...frames, `leaf_${i}`],
      comm: `é"\\\u001b[${i}`.slice(0, 15),
      resource: { 'service.name': `name\u0000\n${i % 3}`, 'service.instance.id': `of ${i % 3}` },
    }),
  );
  writeFileSync(at('recording'), [...events, notRecorded()].map((one) => `${JSON.stringify(one)}\n`).join(''));
  const collector = await startCollector({ spansFile: at('sent-again') });
  const words = ['replay', at('recording'), '-o', 'otlp', '-o', `otlp-json:${at('replayed.jsonl')}`];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  const { code, stderr, books } = await runToEnd(words, { env, books: true });
  assert.equal(code, 0, stderr);
  assert.ok(books!.balances, stderr);
  const sent = await collector.waitForSpans(701, DEADLINE_MS);
  await collector.stop();
  const lines = readFileSync(at('replayed.jsonl'), 'utf8').trimEnd().split('\n');
  assert.ok(lines.every((line) => Buffer.byteLength(line) < MAX_LINE));
  assert.ok(lines.length > 3, 'more than one request');
  const read = await readBack(at('replayed.jsonl'), 701);
  assert.equal(read.length, 701);
  assert.deepEqual(byId(read).map(comparable), byId(sent).map(comparable));
  assert.equal(read.filter(({ span }) => span.name === 'compactions not recorded').length, 1);
});

it('the recording of the documents: a span for each of its lines', async () => {
  const recording = new URL('../../examples/recording.jsonl', import.meta.url).pathname;
  const { code, stderr } = await runToEnd(['replay', recording, '-o', `otlp-json:${at('spans.jsonl')}`]);
  assert.equal(code, 0, stderr);
  const ids = parseLines(readFileSync(recording, 'utf8')).map(({ spanId }) => spanId);
  const read = await readBack(at('spans.jsonl'), ids.length);
  assert.deepEqual(read.map(({ span }) => span.spanId).sort(), ids.sort());
});
