// SPDX-License-Identifier: Apache-2.0
// What the configurations in otel-collector/ that send spans on make a real Collector do with them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ServerCredentials } from '@grpc/grpc-js';
import { waitUntil } from '../../harness/child.ts';
import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { CONFIGS, startCollector, startCollectorWith, startPrometheus } from '../../harness/receivers/receivers.ts';
import { notRecorded } from '../../src/event/lost.ts';
import { runToEnd } from '../support/agent.ts';
import { startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';
import { ACCEPTED, startHttpServer } from '../unit/sinks/otlp/http-server.ts';
import type { WireSpan } from '../unit/sinks/otlp/wire.ts';

const RECORDING = 'examples/recording.jsonl';
const LINES = readFileSync(RECORDING, 'utf8').trim().split('\n');
const EVENTS = LINES.length;
const LONG_STALL_NS = 100_000_000;
const DEADLINE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'compactstall-forwarding-'));
after(() => rmSync(folder, { recursive: true }));

async function replayTo(endpoint: string, recording = RECORDING, more: NodeJS.ProcessEnv = {}): Promise<void> {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more };
  const { code, stderr } = await runToEnd(['replay', recording, '--output', 'otlp'], { env });
  assert.equal(code, 0, stderr);
}

/** The variables of each vendor, and what its endpoint gets. */
const VENDORS: Record<string, { env: (url: string) => Record<string, string>; path: string; headers: object }> = {
  'otlphttp/datadog': {
    env: (url) => ({ DD_OTLP_ENDPOINT: url, DD_API_KEY: 'key' }),
    path: '/v1/traces',
    headers: { 'dd-api-key': 'key', compute_stats: 'true' },
  },
  'otlphttp/honeycomb': {
    env: (url) => ({ HONEYCOMB_ENDPOINT: url, HONEYCOMB_API_KEY: 'key' }),
    path: '/v1/traces',
    headers: { 'x-honeycomb-team': 'key' },
  },
  'otlphttp/grafana_cloud': {
    env: (url) => ({ GRAFANA_CLOUD_OTLP_ENDPOINT: `${url}/otlp`, GRAFANA_CLOUD_BASIC: btoa('1:token') }),
    path: '/otlp/v1/traces',
    headers: { authorization: `Basic ${btoa('1:token')}` },
  },
  'otlphttp/elastic': {
    env: (url) => ({ ELASTIC_OTLP_ENDPOINT: url, ELASTIC_API_KEY: 'key' }),
    path: '/v1/traces',
    headers: { authorization: 'ApiKey key' },
  },
  'otlphttp/new_relic': {
    env: (url) => ({ NEW_RELIC_OTLP_ENDPOINT: url, NEW_RELIC_LICENSE_KEY: 'key' }),
    path: '/v1/traces',
    headers: { 'api-key': 'key' },
  },
  'otlphttp/dynatrace': {
    env: (url) => ({ DYNATRACE_OTLP_ENDPOINT: `${url}/api/v2/otlp`, DYNATRACE_API_TOKEN: 'token' }),
    path: '/api/v2/otlp/v1/traces',
    headers: { authorization: 'Api-Token token' },
  },
};

describe('vendors.yaml', () => {
  it('has these vendors', () => {
    const text = readFileSync(`${CONFIGS}vendors.yaml`, 'utf8');
    const named = [...text.matchAll(/^ {2}(otlphttp\/\w+):$/gm)].map(([, name]) => name);
    assert.deepEqual(named, Object.keys(VENDORS));
  });

  for (const [vendor, { env, path, headers }] of Object.entries(VENDORS)) {
    it(`${vendor}: all spans, at its path, with its headers`, async (t) => {
      const server = await startHttpServer(t, () => ACCEPTED);
      const variables = { ...env(`http://127.0.0.1:${server.port}`), COMPACTSTALL_VENDOR: vendor };
      const collector = await startCollectorWith(`${CONFIGS}vendors.yaml`, {}, variables);
      await replayTo(collector.endpoint);
      await waitUntil(
        async () => server.spans.length >= EVENTS || undefined,
        DEADLINE_MS,
        () => `${server.spans.length} of ${EVENTS} spans\n${collector.log()}`,
      );
      await collector.stop();
      assert.equal(server.spans.length, EVENTS);
      for (const request of server.requests) {
        assert.equal(request.url, path);
        assert.equal(request.headers['content-type'], 'application/x-protobuf');
        for (const [name, value] of Object.entries(headers)) assert.equal(request.headers[name], value);
      }
    });
  }
});

describe('tempo.yaml', () => {
  /** Each run of the agent makes an id for its own process where spans have the host's resource. */
  const comparable = ({ resource: { 'service.instance.id': _, ...resource }, ...span }: WireSpan) => ({
    ...span,
    resource,
  });
  const byId = (spans: WireSpan[]) => spans.map(comparable).sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
  const [key, certificate] = ['server.key', 'server.pem'].map((name) => join(folder, name)) as [string, string];

  it('over TLS, with the tenant: what the agent itself sends', async (t) => {
    const subject = '-subj /CN=localhost -addext subjectAltName=DNS:localhost';
    const words = `req -x509 -newkey rsa:2048 -nodes -days 2 ${subject} -keyout ${key} -out ${certificate}`;
    execFileSync('openssl', words.split(' '), { stdio: 'pipe' });
    const pair = { private_key: readFileSync(key), cert_chain: readFileSync(certificate) };
    const tempo = await startGrpcServer(t, undefined, { credentials: ServerCredentials.createSsl(null, [pair]) });
    const direct = await startGrpcServer(t);
    await replayTo(`http://127.0.0.1:${direct.port}`);
    const variables = { TEMPO_ENDPOINT: `localhost:${tempo.port}`, TEMPO_CA: certificate, TEMPO_TENANT: 'team-a' };
    const collector = await startCollectorWith(`${CONFIGS}tempo.yaml`, {}, variables);
    await replayTo(collector.endpoint);
    await waitUntil(
      async () => tempo.spans.length >= EVENTS || undefined,
      DEADLINE_MS,
      () => `${tempo.spans.length} of ${EVENTS} spans\n${collector.log()}`,
    );
    await collector.stop();
    assert.deepEqual(byId(tempo.spans), byId(direct.spans));
    for (const metadata of tempo.metadata) assert.deepEqual(metadata.get('x-scope-orgid'), ['team-a']);
  });
});

describe('agent.yaml', () => {
  it('keeps what it has confirmed until the gateway has it, also when it is killed', async () => {
    const gateway = await startCollector({ spansFile: join(folder, 'spans') });
    // It is there for its ports only. A Collector answers shortly before it handles SIGTERM.
    await gateway.kill();
    const env = {
      COMPACTSTALL_QUEUE_DIRECTORY: join(folder, 'queue'),
      COMPACTSTALL_GATEWAY: `127.0.0.1:${gateway.grpcPort}`,
      COMPACTSTALL_GATEWAY_INSECURE: 'true',
    };
    const killed = await startCollectorWith(`${CONFIGS}agent.yaml`, {}, env);
    await replayTo(killed.endpoint);
    await killed.kill();
    const again = await startCollector(gateway);
    const agent = await startCollectorWith(`${CONFIGS}agent.yaml`, {}, env);
    const spans = await again.waitForSpans(EVENTS, DEADLINE_MS);
    assert.equal(new Set(spans.map(({ span }) => span.spanId)).size, EVENTS);
    await agent.stop();
    await again.stop();
  });
});

describe('loadbalancing.yaml', () => {
  /** Requests of one span, so that each trace with several spans is in several requests. */
  const ONE_BY_ONE = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' };
  const tracesOf = (spans: readonly ReceivedSpan[]) => new Set(spans.map(({ span }) => span.traceId));
  const idsOf = (spans: readonly ReceivedSpan[]) => new Set(spans.map(({ span }) => span.spanId));
  const assertApart = (some: readonly ReceivedSpan[], others: readonly ReceivedSpan[]) => {
    const traces = tracesOf(others);
    assert.deepEqual(
      [...tracesOf(some)].filter((traceId) => traces.has(traceId)),
      [],
    );
  };
  const environment = (name: string, gateways: readonly { grpcPort: number }[]) => ({
    COMPACTSTALL_QUEUE_DIRECTORY: join(folder, name),
    COMPACTSTALL_GATEWAYS: `[${gateways.map(({ grpcPort }) => `127.0.0.1:${grpcPort}`).join(', ')}]`,
    COMPACTSTALL_GATEWAY_INSECURE: 'true',
  });

  it('sends each span once, all of a trace to one of two gateways', async () => {
    const [a, b] = [
      await startCollector({ spansFile: join(folder, 'gateway-a') }),
      await startCollector({ spansFile: join(folder, 'gateway-b') }),
    ];
    const agent = await startCollectorWith(`${CONFIGS}loadbalancing.yaml`, {}, environment('balanced', [a, b]));
    await replayTo(agent.endpoint, RECORDING, ONE_BY_ONE);
    await waitUntil(
      async () => a.spans().length + b.spans().length >= EVENTS || undefined,
      DEADLINE_MS,
      () => `${a.spans().length} and ${b.spans().length} of ${EVENTS} spans\n${agent.log()}`,
    );
    for (const server of [agent, a, b]) await server.stop();
    const [atA, atB] = [a.spans(), b.spans()];
    assert.equal(atA.length + atB.length, EVENTS);
    assert.equal(idsOf([...atA, ...atB]).size, EVENTS);
    assert.ok(tracesOf([...atA, ...atB]).size < EVENTS, 'no trace has several spans');
    assertApart(atA, atB);
    assert.ok(atA.length > 0 && atB.length > 0, `${atA.length} and ${atB.length}`);
  });

  it('keeps what it has confirmed until the gateway of its trace has it, also when it is killed', async () => {
    const [a, b] = [
      await startCollector({ spansFile: join(folder, 'there') }),
      await startCollector({ spansFile: join(folder, 'away') }),
    ];
    await b.stop();
    const env = environment('waiting', [a, b]);
    const killed = await startCollectorWith(`${CONFIGS}loadbalancing.yaml`, {}, env);
    await replayTo(killed.endpoint);
    await killed.kill();
    const agent = await startCollectorWith(`${CONFIGS}loadbalancing.yaml`, {}, env);
    await a.waitForSpans(1, DEADLINE_MS);
    const again = await startCollector(b);
    const all = () => [...a.spans(), ...again.spans()];
    await waitUntil(
      async () => idsOf(all()).size >= EVENTS || undefined,
      DEADLINE_MS,
      () => `${idsOf(all()).size} of ${EVENTS} spans\n${agent.log()}`,
    );
    for (const server of [agent, a, again]) await server.stop();
    assertApart(a.spans(), again.spans());
    // With each try; without a pause it would be thousands of times.
    assert.ok(a.spans().length < 100 * EVENTS, `${a.spans().length} spans`);
  });
});

describe('gateway.yaml', () => {
  /** The recording, and a trace that is long, of stalls that are short; and one of what was not recorded. */
  function withOthers(): string {
    const events = LINES.map((line) => JSON.parse(line));
    const short = events.find(({ trigger, durationNano }) => trigger === 'direct' && durationNano < LONG_STALL_NS);
    const traceId = 'b'.repeat(32);
    const apart = [0n, 1_000_000_000n].map((later, i) => {
      const startUnixNano = String(BigInt(short.startUnixNano) + later);
      return { ...short, traceId, spanId: `${i}`.padStart(16, 'e'), startUnixNano };
    });
    const time = BigInt(short.startUnixNano);
    const gap = notRecorded('ring_full', { compactions: 3, fromUnixNs: time, toUnixNs: time + 1n });
    const path = join(folder, 'recording.jsonl');
    writeFileSync(path, [...events, ...apart, gap].map((event) => `${JSON.stringify(event)}\n`).join(''));
    return path;
  }

  it('keeps all spans of traces with a long stall, and what was not recorded, and no other trace', async () => {
    const backend = await startCollector({ spansFile: join(folder, 'kept') });
    const gateway = await startCollectorWith(
      `${CONFIGS}gateway.yaml`,
      {},
      {
        COMPACTSTALL_BACKEND: `127.0.0.1:${backend.grpcPort}`,
        COMPACTSTALL_BACKEND_INSECURE: 'true',
        COMPACTSTALL_DECISION_WAIT: '2s',
        COMPACTSTALL_LONG_STALL_NS: `${LONG_STALL_NS}`,
        COMPACTSTALL_SAMPLING_PERCENTAGE: '0',
      },
    );
    const all = await startCollector({ spansFile: join(folder, 'all') });
    const recording = withOthers();
    await replayTo(all.endpoint, recording);
    await replayTo(gateway.endpoint, recording);
    const spans = await all.waitForSpans(EVENTS + 3, DEADLINE_MS);
    const isKept = ({ span, attributes, start, end }: ReceivedSpan) =>
      span.name === 'compactions not recorded' ||
      (attributes['compaction.trigger'] === 'direct' && end - start >= LONG_STALL_NS);
    const traces = new Set(spans.filter(isKept).map(({ span }) => span.traceId));
    const expected = spans
      .map(({ span }) => span)
      .filter(({ traceId }) => traces.has(traceId))
      .map(({ spanId }) => spanId);
    assert.ok(expected.length > 10 && expected.length < spans.length / 2, `${expected.length} of ${spans.length}`);
    await backend.waitForSpans(expected.length, DEADLINE_MS);
    await gateway.stop();
    const kept = backend.spans().map(({ span }) => span.spanId);
    assert.deepEqual(kept.sort(), expected.sort());
    await backend.stop();
    await all.stop();
  });

  it('keeps all of many traces that it decides about at once', async () => {
    const count = 5000;
    const recording = join(folder, 'many.jsonl');
    const [first] = LINES.map((line) => JSON.parse(line));
    const many = Array.from({ length: count }, (_, i) => ({
      ...first,
      traceId: `${i + 1}`.padStart(32, 'a'),
      spanId: `${i + 1}`.padStart(16, 'a'),
    }));
    writeFileSync(recording, many.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const backend = await startCollector({ spansFile: join(folder, 'many') });
    const gateway = await startCollectorWith(
      `${CONFIGS}gateway.yaml`,
      {},
      {
        COMPACTSTALL_BACKEND: `127.0.0.1:${backend.grpcPort}`,
        COMPACTSTALL_BACKEND_INSECURE: 'true',
        COMPACTSTALL_DECISION_WAIT: '2s',
        COMPACTSTALL_SAMPLING_PERCENTAGE: '100',
      },
    );
    await replayTo(gateway.endpoint, recording);
    await backend.waitForSpans(count, DEADLINE_MS);
    await gateway.stop();
    await backend.stop();
    assert.equal(new Set(backend.spans().map(({ span }) => span.spanId)).size, count);
  });
});

describe('spanmetrics.yaml', () => {
  it('counts the spans in Prometheus, by trigger and status', async () => {
    const prometheus = await startPrometheus();
    const collector = await startCollectorWith(
      `${CONFIGS}spanmetrics.yaml`,
      {},
      {
        COMPACTSTALL_PROMETHEUS: new URL(prometheus.metricsEndpoint).host,
        COMPACTSTALL_FLUSH_INTERVAL: '1s',
      },
    );
    await replayTo(collector.endpoint);
    const expected = Object.fromEntries(
      [
        ...Map.groupBy(
          LINES.map((line) => JSON.parse(line)),
          ({ trigger, status }) => `${trigger} ${status}`,
        ),
      ].map(([key, list]) => [key, list.length]),
    );
    let counted: Record<string, number> = {};
    await waitUntil(
      async () => {
        const rows = await prometheus.query(
          'sum by (compaction_trigger, compaction_status) (traces_span_metrics_calls_total)',
        );
        counted = Object.fromEntries(
          rows.map(({ metric, value }) => [
            `${metric.compaction_trigger} ${metric.compaction_status}`,
            Number(value![1]),
          ]),
        );
        return Object.values(counted).reduce((a, b) => a + b, 0) >= EVENTS || undefined;
      },
      DEADLINE_MS,
      () => `${JSON.stringify(counted)}\n${collector.log()}`,
    );
    assert.deepEqual(counted, expected);
    await collector.stop();
    await prometheus.stop();
  });
});
