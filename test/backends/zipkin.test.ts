// SPDX-License-Identifier: Apache-2.0
// A second store: real compactions, through otel-collector/zipkin.yaml, in a real Zipkin. Its API has what the agent says in --output otlp-json.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { type AttributeValue, flattenSpans, type ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { CONFIGS, startCollectorWith } from '../../harness/receivers/receivers.ts';
import { startZipkin, type Zipkin, type ZipkinSpan } from '../../harness/receivers/zipkin.ts';
import { Agent } from '../support/agent.ts';

const DEADLINE_MS = 60_000;
const WRITES = 7;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
// This process stalls.
const SERVICE = `unknown_service:${basename(process.execPath)}`;

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

/** How Zipkin has an attribute: as text, and lists as JSON. */
const asTag = (value: AttributeValue) => (Array.isArray(value) ? JSON.stringify(value) : String(value));
/** The nearest. */
const micros = (nanoseconds: bigint) => Number((nanoseconds + 500n) / 1000n);

/** A span in Zipkin's form. Each output makes an id for its own process where spans have the host's resource. */
function expected({ span, resource, attributes, events, scope, start, end }: ReceivedSpan): ZipkinSpan {
  const { 'service.name': serviceName, 'service.instance.id': _, ...rest } = resource;
  const tags = Object.entries({ ...rest, ...attributes }).map(([key, value]) => [key, asTag(value)]);
  return {
    traceId: span.traceId,
    ...(span.parentSpanId && { parentId: span.parentSpanId }),
    id: span.spanId,
    name: span.name,
    timestamp: micros(start),
    duration: micros(end - start),
    localEndpoint: { serviceName: String(serviceName) },
    annotations: events.map(({ name, time, attributes }) => ({
      timestamp: micros(time),
      value: `${name}|${JSON.stringify(attributes)}|0`,
    })),
    tags: {
      ...Object.fromEntries(tags),
      'span.kind': 'internal',
      'otel.library.name': scope.name,
      'otel.library.version': scope.version,
    },
  };
}

function withoutInstance({ tags: { 'service.instance.id': _, ...tags }, ...span }: ZipkinSpan): ZipkinSpan {
  return { ...span, tags };
}

describe('in Zipkin', () => {
  let zipkin: Zipkin;
  let written: ReceivedSpan[];
  before(async () => {
    zipkin = await startZipkin();
    const collector = await startCollectorWith(`${CONFIGS}zipkin.yaml`, {}, zipkin.variables);
    const file = join(folder, 'spans.jsonl');
    const words = ['--pid', String(process.pid), '-o', 'otlp', '-o', `otlp-json:${file}`];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const agent = await new Agent(words, { env, books: true }).attached();
    compact(COMPACT_NODE0, WRITES);
    const { code, books, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.ok(books!.balances, stderr);
    await collector.stop();
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    written = lines.flatMap((line) => flattenSpans(JSON.parse(line)));
    assert.equal(written.length, WRITES * ZONES);
    await zipkin.waitForTraces({ serviceName: SERVICE }, written.length, DEADLINE_MS);
  });
  after(() => zipkin?.stop());

  it('each span has its ids, its times to the microsecond, its attributes, its resource and its stack', async () => {
    for (const span of written) {
      const trace = await zipkin.trace(span.span.traceId);
      assert.deepEqual(trace.map(withoutInstance), [expected(span)]);
    }
  });

  it('there are no others', async () => {
    const traces = await zipkin.traces({ serviceName: SERVICE });
    assert.equal(traces.flat().length, written.length);
    assert.deepEqual(await zipkin.services(), [SERVICE]);
  });

  it('they are found by attribute, by name and by duration', async () => {
    const ids = (traces: ZipkinSpan[][]) => traces.flat().map(({ id }) => id);
    const { attributes } = written[0]!;
    const zone = String(attributes['compaction.zone']);
    const inZone = await zipkin.traces({ serviceName: SERVICE, annotationQuery: `compaction.zone=${zone}` });
    const idsOf = (those: readonly ReceivedSpan[]) => those.map(({ span }) => span.spanId).sort();
    assert.deepEqual(
      ids(inZone).sort(),
      idsOf(written.filter(({ attributes }) => attributes['compaction.zone'] === zone)),
    );
    assert.deepEqual(await zipkin.traces({ serviceName: SERVICE, spanName: 'compaction direct' }), []);
    const longest = Math.max(...written.map(({ start, end }) => micros(end - start)));
    const slow = await zipkin.traces({ serviceName: SERVICE, spanName: 'compaction manual', minDuration: longest });
    assert.deepEqual(ids(slow).sort(), idsOf(written.filter(({ start, end }) => micros(end - start) === longest)));
  });
});
