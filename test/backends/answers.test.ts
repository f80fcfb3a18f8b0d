// SPDX-License-Identifier: Apache-2.0
// What real receivers answer when they do not take a request: too large, throttled, not a receiver at all.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CONFIGS, startCollectorWith, startJaeger } from '../../harness/receivers/receivers.ts';
import { jsonLine } from '../../src/sinks/text/json.ts';
import { runToEnd } from '../support/agent.ts';
import { events } from '../unit/fixtures.ts';
import { startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';

const SPANS = 2000;

let folder: string;
let recording: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'compactstall-answers-'));
  recording = join(folder, 'recording.jsonl');
  const stack = Array.from({ length: 40 }, (_, n) => `a_function_with_quite_a_long_name_${n}+0x${n}`);
  writeFileSync(recording, events(SPANS, { stack }).map(jsonLine).join(''));
});
after(() => rmSync(folder, { recursive: true }));

const replay = (endpoint: string, env: NodeJS.ProcessEnv = {}) =>
  runToEnd(['replay', recording, '-o', 'none'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env } });

/** A configuration of its own. */
function config(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a Collector that takes small requests only', () => {
  for (const [protocol, limit, words] of [
    ['grpc', 'max_recv_msg_size_mib: 1', undefined],
    ['http/protobuf', 'max_request_body_size: 300000', /http_400: HTTP 400 Bad Request .*too large/],
  ] as const) {
    it(`${protocol}, ${limit}: gets ${words ? 'smaller ones' : 'no larger ones'}, and every span`, async () => {
      const line = protocol === 'grpc' ? /(endpoint: .*GRPC_PORT.*)/ : /(endpoint: .*HTTP_PORT.*)/;
      const text = readFileSync(`${CONFIGS}debug.yaml`, 'utf8').replace(line, `$1\n        ${limit}`);
      const spansFile = join(folder, `spans-${protocol.slice(0, 4)}`);
      const collector = await startCollectorWith(
        config('limit.yaml', text),
        {},
        {
          COMPACTSTALL_SPANS_FILE: spansFile,
          COMPACTSTALL_METRICS_FILE: `${spansFile}.metrics`,
          COMPACTSTALL_LOGS_FILE: `${spansFile}.logs`,
          COMPACTSTALL_DEBUG_VERBOSITY: 'basic',
        },
      );
      const endpoint = protocol === 'grpc' ? collector.endpoint : collector.httpEndpoint;
      const env = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: `${SPANS}` };
      const { code, stderr } = await replay(endpoint, env);
      assert.equal(code, 0, stderr);
      const refused = /takes no requests of \d+ bytes \(/;
      if (words) {
        assert.match(stderr, refused);
        assert.match(stderr, words);
      } else assert.doesNotMatch(stderr, refused);
      assert.match(stderr, new RegExp(`= ${SPANS} exported by otlp`));
      const ids = readFileSync(spansFile, 'utf8').match(/"spanId":"\w+"/g) ?? [];
      assert.equal(new Set(ids).size, SPANS);
      await collector.stop();
    });
  }
});

it('a Collector without a queue passes on that its backend throttles: the spans are sent again', async (t) => {
  const backend = await startGrpcServer(t, (request) =>
    request < 2 ? { code: 8, details: 'rate limit of 10/s reached' } : { response: Buffer.alloc(0) },
  );
  const text = `
receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:\${env:COMPACTSTALL_OTLP_GRPC_PORT}" }, http: { endpoint: "127.0.0.1:\${env:COMPACTSTALL_OTLP_HTTP_PORT}" } } } }
exporters: { otlp: { endpoint: "127.0.0.1:${backend.port}", tls: { insecure: true }, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } } }
service: { pipelines: { traces: { receivers: [otlp], exporters: [otlp] } }, telemetry: { metrics: { level: none } } }
`;
  const collector = await startCollectorWith(config('throttled.yaml', text), {}, {});
  const { code, stderr } = await replay(collector.endpoint);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /does not accept spans now: .*rate limit of 10\/s reached/);
  assert.equal(new Set(backend.spans.map(({ spanId }) => spanId)).size, SPANS);
  await collector.stop();
});

describe('the port of a web page', () => {
  for (const protocol of ['grpc', 'http/protobuf']) {
    it(`${protocol}: nothing counts as delivered, and doctor says the same`, async () => {
      const jaeger = await startJaeger();
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.queryUrl, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
      const { stdout } = await runToEnd(['doctor'], { env });
      assert.match(stdout, /^warn {2}collector +.* (refuses spans|does not answer): /m);
      assert.match(stdout, /Check that endpoint and OTEL_EXPORTER_OTLP_PROTOCOL/);
      if (protocol !== 'grpc') {
        const { code, stderr } = await replay(jaeger.queryUrl, env);
        assert.equal(code, 4, stderr);
        assert.match(stderr, new RegExp(`${SPANS} compactions, ${SPANS} lost`));
        assert.match(stderr, /= 0 exported by otlp/);
      }
      await jaeger.stop();
    });
  }
});
