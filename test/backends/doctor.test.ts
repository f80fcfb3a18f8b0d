// SPDX-License-Identifier: Apache-2.0
// compactstall doctor with a real collector, which gets no span from it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import type { Check } from '../../src/doctor/check.ts';
import { runToEnd } from '../support/agent.ts';

describe('doctor and a real collector', () => {
  let folder: string;
  let collector: Collector;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'compactstall-doctor-'));
    collector = await startCollector({ spansFile: join(folder, 'spans') });
  });
  after(async () => {
    await collector.stop();
    rmSync(folder, { recursive: true });
  });

  for (const protocol of ['grpc', 'http/protobuf'] as const) {
    it(`${protocol}: takes spans`, async () => {
      const endpoint = protocol === 'grpc' ? collector.endpoint : collector.httpEndpoint;
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
      const { code, stdout } = await runToEnd(['doctor', '--json'], { env });
      assert.equal(code, 0, stdout);
      const checks: Check[] = JSON.parse(stdout).checks;
      assert.deepEqual(
        checks.find(({ id }) => id === 'collector'),
        { id: 'collector', status: 'ok', why: `the collector at ${endpoint} accepts spans.` },
      );
    });
  }

  it('--pid: it is a Go program, whose tracer publishes nothing', async () => {
    const { stdout } = await runToEnd(['doctor', '--json', '--pid', `${collector.pid}`]);
    const { why, todo } = JSON.parse(stdout).checks.at(-1);
    assert.match(why, / is collector, .* Its stalls are roots, /);
    assert.match(todo, /^No tracer for Go is known to publish spans\./);
  });

  it('gRPC to the port for HTTP: a warning that names the mistake', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpEndpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const { code, stdout } = await runToEnd(['doctor'], { env });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^warn {2}collector /m);
  });

  it('the collector got no span', () => assert.deepEqual(collector.spans(), []));
});
