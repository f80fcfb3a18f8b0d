// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { metrics } from '../../../src/doctor/metrics.ts';
import { PrometheusServer } from '../../../src/metrics/prometheus-server.ts';
import { listen } from '../../support/listen.ts';
import { startMetricsServer } from '../metrics/metrics-server.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';

const otlp = (port: number) => ({
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `http://127.0.0.1:${port}`,
});
const prometheus = (port: number) => ({
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_PORT: `${port}`,
});

describe('metrics', () => {
  it('none configured: loads and opens nothing', async () => {
    const why = 'none are configured: OTEL_METRICS_EXPORTER asks for them.';
    assert.deepEqual(await metrics({}), { status: 'ok', why });
    assert.deepEqual(await metrics({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }), { status: 'ok', why });
  });

  it('a collector that takes them: one request without metrics', async (t) => {
    const server = await startMetricsServer(t);
    const why = `the collector at http://127.0.0.1:${server.port} accepts metrics.`;
    assert.deepEqual(await metrics(otlp(server.port)), { status: 'ok', why });
    assert.deepEqual(
      server.requests.map(({ size }) => size),
      [0],
    );
  });

  it('a backend that takes spans only', async (t) => {
    const found = await metrics(otlp((await startGrpcServer(t)).port));
    assert.equal(found.status, 'warn');
    assert.match(found.why, /refuses metrics: grpc_unimplemented: /);
    assert.match('todo' in found ? found.todo : '', /^It may take spans only: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT /);
  });

  it('nobody there', async (t) => {
    const { port, stop } = await startGrpcServer(t);
    await stop();
    const found = await metrics(otlp(port));
    assert.equal(found.status, 'warn');
    assert.match(found.why, /does not answer: .*ECONNREFUSED/);
    assert.match('todo' in found ? found.todo : '', /Until then no metrics arrive\.$/);
  });

  it('for Prometheus: a free port, and one that is taken', async (t) => {
    const free = await metrics(prometheus(0));
    assert.equal(free.status, 'ok');
    assert.match(free.why, /^Prometheus can read them at http:\/\/127\.0\.0\.1:\d+\/metrics\.$/);
    const port = await listen(t, createServer());
    const taken = await metrics(prometheus(port));
    assert.equal(taken.status, 'fail');
    assert.match(taken.why, /^cannot listen for Prometheus at 127\.0\.0\.1:\d+: address already in use\. /);
    assert.equal('exitCode' in taken && taken.exitCode, 1);
  });

  it('for Prometheus: a port that an agent has, as where doctor is run in its container', async (t) => {
    const agent = await PrometheusServer.open({ host: '127.0.0.1', port: 0 }, () => {});
    t.after(() => agent.close());
    const why = `an agent that runs already serves them at ${agent.url}; a second one needs another port.`;
    assert.deepEqual(await metrics(prometheus(Number(new URL(agent.url).port))), { status: 'ok', why });
  });

  it('a variable that run refuses', async () => {
    const found = await metrics({ OTEL_METRICS_EXPORTER: 'oltp' });
    assert.deepEqual(found, {
      status: 'fail',
      why: 'OTEL_METRICS_EXPORTER: allowed are otlp, prometheus, console, none.',
      todo: 'Correct the variable, or unset it.',
      exitCode: 2,
    });
  });
});
