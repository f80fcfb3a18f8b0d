// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { flattenSpans } from '../../../../harness/receivers/otlp.ts';
import type { AgentEvent } from '../../../../src/event/event.ts';
import { otlpJsonLines } from '../../../../src/sinks/otlp/json-lines.ts';
import { OutputFile } from '../../../../src/sinks/output-file.ts';
import { TextSink } from '../../../../src/sinks/text/text-sink.ts';
import { event, events, notRecorded, temporaryFolder } from '../../fixtures.ts';

const MAX_LINE = 1024 * 1024;

async function sinkTo(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  const path = temporaryFolder(t)('spans');
  const said: string[] = [];
  const warn = ({ text }: { text: string }) => said.push(text);
  const target = { file: new OutputFile(path), name: path, onFailed: () => {}, warn, owned: true };
  const batch = await otlpJsonLines({ name: path, stack: 'event', resource: 'service', warn, env });
  const sink = new TextSink('otlp-json', target, '', { batch });
  const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return { sink, batch, said, lines, ids: () => idsIn(lines()) };
}

const idsIn = (lines: readonly string[]) =>
  lines.flatMap((line) => flattenSpans(JSON.parse(line)).map(({ span }) => span.spanId));
const idsOf = (all: readonly AgentEvent[]) => all.map(({ spanId }) => spanId);

describe('otlp-json:FILE', () => {
  it('has a batch in a line, and what was left out', async (t) => {
    const { sink, lines, ids } = await sinkTo(t);
    const all = [...events(5), notRecorded()];
    sink.write(all.slice(0, 3));
    sink.write(all.slice(3));
    await sink.close(1000);
    assert.equal(lines().length, 2);
    assert.deepEqual(ids().sort(), idsOf(all).sort());
    assert.deepEqual(sink.books(), { accepted: 6, exported: 6, queued: 0, dropped: {} });
  });

  it('never has a line that the Collector cuts, however long text becomes as JSON', async (t) => {
    const { sink, lines, ids } = await sinkTo(t);
    const stack = Array.from({ length: 40 }, () => '\u0001'.repeat(100));
    const all = Array.from({ length: 300 }, (_, i) => event(i, { stack }));
    sink.write(all);
    await sink.close(1000);
    assert.ok(lines().every((line) => Buffer.byteLength(line) < MAX_LINE));
    assert.deepEqual(ids().sort(), idsOf(all).sort());
    assert.equal(sink.books().exported, 300);
  });

  it('leaves out what the sampler leaves out, and counts it', async (t) => {
    const { sink, ids } = await sinkTo(t, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' });
    // The sampler goes by the exclusive or of the four words.
    const traceIds = ['f'.repeat(32), 'f'.repeat(8).padEnd(32, '0')];
    const [kept, other] = traceIds.map((traceId, i) => event(i, { traceId }));
    sink.write([other!, kept!, other!]);
    await sink.close(1000);
    assert.deepEqual(ids(), idsOf([kept!]));
    assert.deepEqual(sink.books(), { accepted: 3, exported: 1, queued: 0, dropped: { not_sampled: 2 } });
  });

  it('reports a span that is too large, as it is lost', async (t) => {
    const { sink, said, ids } = await sinkTo(t);
    sink.write([event(0, { stack: ['x'.repeat(5 * 1024 * 1024)] }), event(1)]);
    await sink.close(1000);
    assert.equal(ids().length, 2, 'the other one, and the report');
    assert.deepEqual(sink.books(), { accepted: 2, reports: 1, exported: 2, queued: 0, dropped: { too_large: 1 } });
    assert.match(said.join(), /does not fit/);
  });

  it('has a text for each event, of which the first is the line: what is cut has none of them', async (t) => {
    const { batch } = await sinkTo(t);
    const { texts } = batch(events(4));
    assert.deepEqual(
      texts.map(({ length }) => length > 0),
      [true, false, false, false],
    );
  });
});
