// SPDX-License-Identifier: Apache-2.0
// The agent makes and sends spans with its own code, because the stock SDK costs too much per span. A collector must still get
// the same. So the same events go through the agent, and through the stock NodeSDK and gRPC exporter, under the same variables,
// and all that a real collector wrote of both is compared.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type KeyValue, OtlpFile, type OtlpSpan } from '../../harness/receivers/otlp.ts';
import { type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { runToEnd } from '../support/agent.ts';
import { event } from '../unit/sinks/otlp/events.ts';
import { startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';

const STOCK = fileURLToPath(new URL('child-stock-sdk.ts', import.meta.url));
/** A limit that only a hang reaches. */
const GIVE_UP_MS = 60_000;

/** Trace ids on both sides of a ratio of 0.5 and of 0.25: the samplers combine the four words of 32 bits by XOR. */
const traceId = (word: string) => `${word}${'0'.repeat(24)}`;
const { priority: _p, attempt: _a, executable: _e, container: _c, ...anonymous } = event();
const EVENTS: readonly CompactionEvent[] = [
  event(0, { traceId: traceId('11111111') }),
  {
    ...anonymous,
    trigger: 'manual',
    order: -1,
    mode: 'sync',
    status: 'complete',
    gfp: [],
    begin: { ...anonymous.begin, index: null },
    end: { ...anonymous.end, index: null },
    traceId: traceId('33333333'),
    spanId: 'e000000000000001',
  },
  event(2, { comm: 'größe\u{1F4A5}漢', executable: 'größe', traceId: traceId('77777777'), stack: [] }),
  event(3, { startUnixNano: '1795441812999999999', durationNano: 125_000_000_001, traceId: traceId('99999999') }),
  event(4, { trigger: 'kcompactd', durationNano: 0, begin: { ...anonymous.begin, index: 0 } }),
  event(5, { trigger: 'proactive', begin: { ...anonymous.begin, index: 1 }, traceId: traceId('eeeeeeee') }),
];

/** All that the collector wrote of one span, even `schemaUrl` and the like. */
interface Written {
  resource: { attributes: KeyValue[] };
  scope: unknown;
  span: OtlpSpan;
}
interface Group {
  resource?: { attributes?: KeyValue[] };
  scopeSpans?: { scope?: unknown; spans?: OtlpSpan[] }[];
}

function flatten({ resourceSpans = [] }: { resourceSpans?: Group[] }): Written[] {
  return resourceSpans.flatMap(({ scopeSpans = [], resource, ...group }) =>
    scopeSpans.flatMap(({ spans = [], ...scope }) =>
      spans.map((span) => ({
        resource: { ...group, ...resource, attributes: inOrder(resource?.attributes) },
        scope,
        span: { ...span, attributes: inOrder(span.attributes) },
      })),
    ),
  );
}

/** Sorts attributes, whose order has no meaning. A repeated key stays repeated. */
function inOrder(attributes: KeyValue[] = []): KeyValue[] {
  return attributes.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
}

const bySpanId = (a: Written, b: Written) => (a.span.spanId < b.span.spanId ? -1 : 1);

const INDEXES = ['compaction.fragmentation_index.begin', 'compaction.fragmentation_index.end'];

/** The known difference: the stock exporter writes integral doubles as integers. */
function withDoubles({ span, ...rest }: Written): Written {
  const attributes = span.attributes!.map(({ key, value }) =>
    INDEXES.includes(key) && value.intValue !== undefined
      ? { key, value: { doubleValue: Number(value.intValue) } }
      : { key, value },
  );
  return { ...rest, span: { ...span, attributes } };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The resource, without the attributes that naturally differ from process to process. */
function comparable({ resource, ...rest }: Written, without: RegExp | undefined): Written {
  const attributes = resource.attributes
    .filter(({ key }) => !without?.test(key))
    .map(({ key, value }) => {
      const isRandom = key === 'service.instance.id' && UUID.test(value.stringValue ?? '');
      return isRandom || key.startsWith('process.') ? { key, value: {} } : { key, value };
    });
  return { ...rest, resource: { ...resource, attributes } };
}

interface Case {
  /** Variables for both, besides OTEL_EXPORTER_OTLP_ENDPOINT. */
  env?: (collector: Collector) => NodeJS.ProcessEnv;
  /** The number of events that arrive. Default: all. */
  spans?: number;
  /** Resource attributes that only the stock SDK sends. */
  onlyStock?: RegExp;
  /** Resource attributes that only the agent sends. */
  onlyAgent?: RegExp;
}

/** Beside the stalled process's `process.pid` the agent's own would mislead. */
const OWN_PROCESS = /^process\./;
/** The agent adds the host: a stall without it is useless. */
const HOST = /^(host|os)\./;

const CASES: Record<string, Case> = {
  'nothing but an endpoint': {},
  'OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES': {
    env: () => ({
      OTEL_SERVICE_NAME: 'node-7',
      OTEL_RESOURCE_ATTRIBUTES:
        'service.name=other,deployment.environment.name=gr%C3%B6%C3%9Fe%2C%3D,host.name=mine,service.instance.id=seven',
    }),
  },
  'OTEL_RESOURCE_ATTRIBUTES with a service name': { env: () => ({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=other' }) },
  'OTEL_TRACES_SAMPLER=always_on': { env: () => ({ OTEL_TRACES_SAMPLER: 'always_on' }) },
  'OTEL_TRACES_SAMPLER=always_off': { env: () => ({ OTEL_TRACES_SAMPLER: 'always_off' }), spans: 0 },
  'OTEL_TRACES_SAMPLER=parentbased_always_off': {
    env: () => ({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }),
    spans: 0,
  },
  'OTEL_TRACES_SAMPLER=traceidratio of a half': {
    env: () => ({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' }),
    spans: 3,
  },
  'OTEL_TRACES_SAMPLER=parentbased_traceidratio of a quarter': {
    env: () => ({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }),
    spans: 2,
  },
  'OTEL_TRACES_SAMPLER=traceidratio without a ratio': { env: () => ({ OTEL_TRACES_SAMPLER: 'traceidratio' }) },
  'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, through the middle of a character': {
    env: () => ({ OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '6', OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '9' }),
  },
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: { env: () => ({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '20' }) },
  OTEL_ATTRIBUTE_COUNT_LIMIT: { env: () => ({ OTEL_ATTRIBUTE_COUNT_LIMIT: '9' }) },
  OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: {
    env: () => ({ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '0', OTEL_ATTRIBUTE_COUNT_LIMIT: '9' }),
  },
  'a limit that is blank': {
    env: () => ({ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: ' ', OTEL_ATTRIBUTE_COUNT_LIMIT: '9' }),
  },
  OTEL_SPAN_EVENT_COUNT_LIMIT: { env: () => ({ OTEL_SPAN_EVENT_COUNT_LIMIT: '0' }) },
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: { env: () => ({ OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '0' }) },
  OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT: { env: () => ({ OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT: '0' }) },
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: { env: () => ({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' }) },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    env: ({ endpoint }) => ({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/ignored`,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    }),
  },
  'OTEL_EXPORTER_OTLP_COMPRESSION=gzip': { env: () => ({ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }) },
  'an endpoint without scheme and OTEL_EXPORTER_OTLP_INSECURE': {
    env: ({ grpcPort }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `127.0.0.1:${grpcPort}`,
      OTEL_EXPORTER_OTLP_INSECURE: 'TRUE',
    }),
  },
  'OTEL_EXPORTER_OTLP_PROTOCOL=grpc': { env: () => ({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }) },
  'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf': {
    env: ({ httpEndpoint }) => ({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: httpEndpoint,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    }),
  },
  OTEL_SDK_DISABLED: { env: () => ({ OTEL_SDK_DISABLED: 'true' }), spans: 0 },
  'OTEL_TRACES_EXPORTER=none': {
    env: () => ({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_EXPORTER: 'none' }),
    spans: 0,
  },
  'OTEL_TRACES_EXPORTER=console': {
    env: () => ({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_EXPORTER: 'console' }),
    spans: 0,
  },
  'OTEL_NODE_RESOURCE_DETECTORS=all': {
    env: () => ({ OTEL_NODE_RESOURCE_DETECTORS: 'all', OTEL_SERVICE_NAME: 'node-7' }),
    onlyStock: /^$/,
  },
  'OTEL_NODE_RESOURCE_DETECTORS=none': {
    env: () => ({ OTEL_NODE_RESOURCE_DETECTORS: 'none', OTEL_SERVICE_NAME: 'node-7' }),
    onlyAgent: HOST,
  },
  'OTEL_NODE_RESOURCE_DETECTORS=env': {
    env: () => ({ OTEL_NODE_RESOURCE_DETECTORS: 'env', OTEL_SERVICE_NAME: 'node-7' }),
    onlyAgent: HOST,
  },
  'OTEL_NODE_RESOURCE_DETECTORS=host, os, env': {
    env: () => ({ OTEL_NODE_RESOURCE_DETECTORS: 'host, os, env', OTEL_RESOURCE_ATTRIBUTES: 'host.name=mine' }),
  },
};

describe('the same as the stock SDK', () => {
  let directory: string;
  let recording: string;
  let collector: Collector;
  let written: OtlpFile<Written>;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'compactstall-'));
    recording = join(directory, 'recording.jsonl');
    writeFileSync(recording, EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''));
    collector = await startCollector({ spansFile: join(directory, 'spans.jsonl') });
    written = new OtlpFile(collector.spansFile, flatten);
  });
  after(async () => {
    await collector.stop();
    rmSync(directory, { recursive: true });
  });

  const agent = async (env: NodeJS.ProcessEnv) => {
    const { code, stderr } = await runToEnd(['replay', recording, '--output', 'none'], { env });
    assert.equal(code, 0, stderr);
  };
  const sdk = async (env: NodeJS.ProcessEnv) => {
    const { code, stderr } = await runToEnd(['replay', recording, '--output', 'sdk'], { env });
    assert.equal(code, 0, stderr);
  };
  const stock = async (env: NodeJS.ProcessEnv) => {
    const inherited = Object.entries(process.env).filter(([name]) => !/^OTEL_|^NODE_OPTIONS$/.test(name));
    const options = { env: { ...Object.fromEntries(inherited), ...env }, timeout: GIVE_UP_MS };
    await promisify(execFile)(process.execPath, [STOCK, recording], options);
  };
  /** Needs no wait, as the file has every accepted span. The stock SDK sends batches at the same time. */
  const writtenBy = async (run: Promise<void>) => {
    const before = written.read().length;
    await run;
    return written.read().slice(before).toSorted(bySpanId);
  };

  for (const [name, { env, spans = EVENTS.length, onlyStock = OWN_PROCESS, onlyAgent }] of Object.entries(CASES)) {
    it(name, async () => {
      const both = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...env?.(collector) };
      const byAgent = await writtenBy(agent(both));
      const byStock = await writtenBy(stock(both));
      assert.equal(byStock.length, spans);
      assert.deepEqual(
        byAgent.map((span) => comparable(span, onlyAgent)),
        byStock.map((span) => comparable(withDoubles(span), onlyStock)),
      );
      const bySdk = await writtenBy(sdk(both));
      assert.deepEqual(
        bySdk.map((span) => comparable(withDoubles(span), undefined)),
        byAgent.map((span) => comparable(span, undefined)),
        'by --output sdk',
      );
    });
  }

  it('except integral doubles, which the stock exporter writes as integers', async () => {
    const both = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const begins = (spans: Written[]) =>
      spans.map(({ span }) => span.attributes!.find(({ key }) => key === INDEXES[0])?.value);
    const double = (doubleValue: number) => ({ doubleValue });
    const exact = double(0.728);
    assert.deepEqual(begins(await writtenBy(agent(both))), [exact, undefined, exact, exact, double(0), double(1)]);
    const int = (intValue: string) => ({ intValue });
    assert.deepEqual(begins(await writtenBy(stock(both))), [exact, undefined, exact, exact, int('0'), int('1')]);
  });

  it('also in the headers of a request', async (t) => {
    const server = await startGrpcServer(t);
    const both = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20eDp5,x-tenant=seven',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=eight',
    };
    await agent(both);
    await stock(both);
    const [byAgent, byStock, ...more] = server.metadata.map((metadata) => metadata.getMap());
    assert.deepEqual(more, []);
    assert.equal(byAgent?.['x-tenant'], 'eight');
    assert.equal(byAgent.authorization, 'Basic eDp5');
    // It names the sender.
    assert.match(String(byAgent['user-agent']), /^compactstall\//);
    assert.deepEqual({ ...byAgent, 'user-agent': undefined }, { ...byStock, 'user-agent': undefined });
  });
});
