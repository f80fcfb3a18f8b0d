// SPDX-License-Identifier: Apache-2.0
// The metrics of a run, as a real gRPC server and a real HTTP client see them.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EXIT } from '../../../src/errors.ts';
import { AgentMetrics } from '../../../src/metrics/agent-metrics.ts';
import type { Work } from '../../../src/metrics/health.ts';
import { listen } from '../../support/listen.ts';
import { event } from '../sinks/otlp/events.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';
import { encodeResponse } from '../sinks/otlp/wire.ts';
import { startMetricsServer } from './metrics-server.ts';
import { agentState } from './snapshot.ts';
import { labelsOf } from './wire.ts';

/** A generous deadline, which only a hang reaches. */
const LONG = 60_000;

/** Programs that this process has attached. */
const NEW = { sinceUnixNano: 1n, goesOn: false };
const WORKS: Work = { emitted: 7, received: 7, canDeliver: true, isStuck: false };

async function open(
  env: NodeJS.ProcessEnv,
  { hasSpans = true, state = agentState, work = () => WORKS, counting = NEW } = {},
) {
  const said: string[] = [];
  const printed: string[] = [];
  const metrics = await AgentMetrics.open({
    hasSpans,
    warn: ({ text }) => said.push(text),
    print: (text) => printed.push(text),
    env: { OTEL_METRIC_EXPORT_INTERVAL: '20', ...env },
  });
  await metrics.prepare(counting);
  metrics.start(state, work);
  return { metrics, said, printed };
}

const otlp = (port: number) => ({
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `http://127.0.0.1:${port}`,
});
const prometheus = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0' };
const scrape = async (url: string, accept = '') => {
  const response = await fetch(url, { headers: { accept } });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};
const urlOf = (metrics: AgentMetrics) => /http:\S+/.exec(metrics.destinations.map(({ text }) => text).join())![0];
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('metrics are exported at each interval, and once more at the end, with exemplars', async (t) => {
  const server = await startMetricsServer(t);
  const { metrics, said } = await open({ ...otlp(server.port), OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-tenant=seven' });
  metrics.add([event(1)]);
  await until(() => server.requests.length >= 2);
  metrics.add([event(2)]);
  await metrics.close(LONG);
  assert.deepEqual(said, []);
  assert.deepEqual(
    metrics.destinations.map(({ text }) => text),
    [`metrics go to http://127.0.0.1:${server.port}`],
  );
  const exemplars = server.requests.flatMap(
    (request) => request.get('compaction.duration')!.exponentialHistogram!.dataPoints[0]!.exemplars ?? [],
  );
  assert.deepEqual(
    exemplars.map(({ traceId, spanId }) => ({ traceId, spanId })),
    [
      { traceId: event(1).traceId, spanId: event(1).spanId },
      { traceId: event(2).traceId, spanId: event(2).spanId },
    ],
  );
  assert.deepEqual(server.headers[0]!.get('x-tenant'), ['seven']);
  const last = server.requests.at(-1)!.get('compaction.metrics.exports')!.sum!.dataPoints;
  assert.deepEqual(
    last.map((point) => [labelsOf(point)['compaction.metrics.outcome'], point.asInt]),
    [
      ['delivered', String(server.requests.length - 1)],
      ['failed', '0'],
    ],
  );
});

test('the service and the container of a cgroup are labels once they are known', async (t) => {
  const server = await startMetricsServer(t);
  const { metrics } = await open(otlp(server.port));
  metrics.add([event(1, { resource: { 'service.name': 'checkout' } })]);
  await metrics.close(LONG);
  const [point] = server.requests.at(-1)!.get('compaction.stall.time')!.sum!.dataPoints;
  assert.deepEqual(labelsOf(point!), {
    'compaction.cgroup.id': '18446744073709551615',
    'container.id': '4a1f6f2b9c0d',
    'service.name': 'checkout',
  });
});

test('programs of an earlier agent: sums go on from its start, and deltas begin now', async (t) => {
  const server = await startMetricsServer(t);
  const delta = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' };
  const pagesWith = async (env: object, goesOn: boolean) => {
    const { metrics } = await open({ ...otlp(server.port), ...env }, { counting: { sinceUnixNano: 7n, goesOn } });
    const before = server.requests.length;
    await metrics.close(LONG);
    const { dataPoints } = server.requests[before]!.get('compaction.pages_scanned')!.sum!;
    return { pages: dataPoints.map(({ asInt }) => asInt), start: dataPoints[0]!.startTimeUnixNano };
  };
  assert.deepEqual(await pagesWith({}, true), { pages: ['512', '2048'], start: '7' });
  assert.deepEqual((await pagesWith(delta, false)).pages, ['512', '2048']);
  const going = await pagesWith(delta, true);
  assert.deepEqual(going.pages, ['0', '0']);
  assert.ok(BigInt(going.start!) > 7n);
});

test('no exemplar leads to a span that is not sent', async (t) => {
  const server = await startMetricsServer(t);
  for (const [env, options] of [
    [{}, { hasSpans: false }],
    [{ OTEL_METRICS_EXEMPLAR_FILTER: 'always_off' }, {}],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' }, {}],
  ] as const) {
    const { metrics } = await open({ ...otlp(server.port), ...env }, options);
    metrics.add([event(1)]);
    await metrics.close(LONG);
    const { dataPoints } = server.requests.at(-1)!.get('compaction.duration')!.exponentialHistogram!;
    assert.equal(dataPoints[0]!.exemplars?.length ?? 0, 0, JSON.stringify(env));
  }
});

test('an export that fails is reported once and counted; its exemplars come with the next one', async (t) => {
  const refusal = { code: status.UNAVAILABLE, details: 'not now' };
  const server = await startMetricsServer(t, (request) => (request < 3 ? refusal : { response: Buffer.alloc(0) }));
  const { metrics, said } = await open(otlp(server.port));
  metrics.add([event(1)]);
  await until(() => server.requests.length >= 5);
  await metrics.close(LONG);
  const collector = `collector at http://127.0.0.1:${server.port}`;
  assert.deepEqual(said, [
    `${collector} does not accept metrics now: not now; metrics are sent again at the next interval.`,
    `${collector} takes metrics again.`,
  ]);
  assert.equal(metrics.failed, 3);
  const exemplars = server.requests.map(
    (request) => request.get('compaction.duration')!.exponentialHistogram!.dataPoints[0]!.exemplars?.length ?? 0,
  );
  assert.deepEqual(exemplars.slice(0, 5), [1, 1, 1, 1, 0]);
});

test('a backend that takes only spans: what to do', async (t) => {
  const server = await startGrpcServer(t);
  const { metrics, said } = await open(otlp(server.port));
  await until(() => metrics.failed >= 2);
  await metrics.close(LONG);
  assert.equal(said.length, 1, said.join('\n'));
  assert.match(
    said[0]!,
    /refused metrics \(grpc_unimplemented: .*It may take spans only: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT names another for metrics\.$/,
  );
});

test('data points that were rejected are reported', async (t) => {
  const server = await startMetricsServer(t, () => ({ response: encodeResponse(2, 'out of order') }));
  const { metrics, said } = await open(otlp(server.port));
  await metrics.close(LONG);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /rejected 2 of \d+ data points: out of order\.$/);
});

test('a collector that does not answer does not hold up the end', async (t) => {
  const server = await startMetricsServer(t, () => new Promise(() => {}));
  const { metrics } = await open({ ...otlp(server.port), OTEL_EXPORTER_OTLP_TIMEOUT: '60000' });
  await until(() => server.requests.length > 0);
  await metrics.close(50);
  assert.equal(server.requests.length, 1);
});

for (const protocol of ['grpc', 'http/protobuf']) {
  test(`a collector that does not answer until the deadline, over ${protocol}: the export has failed by then, and none follows`, async (t) => {
    let connections = 0;
    const silent = createServer((socket) => {
      connections += 1;
      socket.on('error', () => {}).resume();
    });
    const port = await listen(t, silent);
    const env = { ...otlp(port), OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: protocol };
    let reads = 0;
    const state = () => {
      reads += 1;
      return agentState();
    };
    const { metrics, said } = await open(env, { state });
    await until(() => connections > 0);
    await metrics.close(50);
    assert.equal(metrics.failed, 1);
    assert.equal(said.length, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([metrics.failed, said.length, reads, connections], [1, 1, 1, 1]);
  });
}

test('what breaks is reported once, and never thrown at the run', async (t) => {
  const server = await startMetricsServer(t);
  let reads = 0;
  const state = () => {
    reads += 1;
    throw new Error('broken');
  };
  const { metrics, said } = await open(otlp(server.port), { state });
  await until(() => reads > 2);
  await metrics.close(LONG);
  assert.deepEqual(said, ['metrics cannot be collected (broken); please report it.']);
});

test('Prometheus gets what is known now, in the format that it asks for', async () => {
  const { metrics } = await open(prometheus);
  metrics.add([event(1)]);
  const url = urlOf(metrics);
  const plain = await scrape(url);
  assert.deepEqual([plain.status, plain.type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  assert.match(plain.text, /^compaction_ring_limit_bytes 4194304$/m);
  metrics.add([event(1)]);
  const open2 = await scrape(url, 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
  assert.match(open2.type!, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(open2.text, new RegExp(`trace_id="${event(1).traceId}"`));
  const other = await scrape(url.replace('metrics', 'other'));
  assert.deepEqual([other.status, other.text], [404, 'metrics are at /metrics, health at /healthz and /readyz\n']);
  assert.equal((await fetch(url, { method: 'POST' })).status, 405);
  await metrics.close(LONG);
  await assert.rejects(scrape(url));
});

/** What an orchestrator is told: at `healthz`, and at `readyz`. */
const probes = async (metrics: AgentMetrics) => {
  const answers = [];
  for (const path of ['healthz', 'readyz']) {
    const { status, text } = await scrape(urlOf(metrics).replace('metrics', path));
    answers.push(`${status} ${text.trim()}`);
  }
  return answers;
};

test('a scrape before the run has begun is asked to come again; it is healthy, and not ready', async (t) => {
  const metrics = await AgentMetrics.open({ hasSpans: false, warn: () => {}, print: () => {}, env: prometheus });
  t.after(() => metrics.close(0));
  assert.equal((await scrape(urlOf(metrics))).status, 503);
  assert.deepEqual(await probes(metrics), ['200 ok', '503 starting']);
});

test('it is ready while an output can deliver, and healthy while it reads', async (t) => {
  const work = { ...WORKS };
  const { metrics } = await open(prometheus, { work: () => work });
  assert.deepEqual(await probes(metrics), ['200 ok', '200 ok']);
  work.canDeliver = false;
  assert.deepEqual(await probes(metrics), ['200 ok', '503 failing']);
  const url = urlOf(metrics).replace('metrics', 'healthz');
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
  assert.equal((await fetch(url, { method: 'POST' })).status, 405);
  work.isStuck = true;
  assert.deepEqual(await probes(metrics), ['503 stuck', '503 stuck']);
  work.isStuck = false;
  assert.deepEqual(await probes(metrics), ['200 ok', '503 failing']);
  work.emitted += 1;
  await probes(metrics);
  const now = performance.now();
  t.mock.method(performance, 'now', () => now + 20_000);
  assert.deepEqual(await probes(metrics), ['503 stuck', '503 stuck']);
  await metrics.close(LONG);
});

test('a port that is taken: a sentence, before anything starts', async () => {
  const { metrics } = await open(prometheus);
  const { port } = new URL(urlOf(metrics));
  await assert.rejects(open({ ...prometheus, OTEL_EXPORTER_PROMETHEUS_PORT: port }), {
    exitCode: EXIT.FAILURE,
    message: `cannot listen for Prometheus at 127.0.0.1:${port}: address already in use. Set OTEL_EXPORTER_PROMETHEUS_HOST and OTEL_EXPORTER_PROMETHEUS_PORT to a free one.`,
  });
  await metrics.close(LONG);
});

test('console prints Prometheus’ text at each interval', async () => {
  const { metrics, printed } = await open({ OTEL_METRICS_EXPORTER: 'console' });
  await until(() => printed.length >= 2);
  await metrics.close(LONG);
  assert.match(printed[0]!, /^compaction_duration_seconds_count\{.*\} 3$/m);
});
