// SPDX-License-Identifier: Apache-2.0
// A Collector whose memory_limiter refuses spans, as logs fill its memory while their backend is away: with --spool all of them arrive, each once.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { freePorts, waitUntil } from '../../harness/child.ts';
import { CONFIGS, type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import { assertNothingLost } from '../support/books.ts';
import { FedAgent } from '../support/outage.ts';
import { event } from '../unit/fixtures.ts';

const DEADLINE_MS = 90_000;
const LIMIT_MIB = 96;
const LOG_MIB = 2;

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

/** debug.yaml with a limiter for spans, and logs that wait in memory for a backend. */
function limited(backendPort: number, metricsPort: number): string {
  const text = readFileSync(`${CONFIGS}debug.yaml`, 'utf8');
  const parts: [string, string][] = [
    [
      'exporters:\n  debug:',
      `processors:
  memory_limiter:
    check_interval: 100ms
    limit_mib: ${LIMIT_MIB}
    spike_limit_mib: 16
exporters:
  otlp/backend:
    endpoint: 127.0.0.1:${backendPort}
    tls: { insecure: true }
    retry_on_failure: { initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 0s }
    sending_queue: { queue_size: 1000 }
  debug:`,
    ],
    [
      '    traces:\n      receivers: [otlp]',
      '    traces:\n      receivers: [otlp]\n      processors: [memory_limiter]',
    ],
    ['exporters: [file/logs, debug]', 'exporters: [otlp/backend]'],
    [
      '      level: none',
      `      level: normal
      readers:
        - pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${metricsPort} } } }`,
    ],
  ];
  const config = join(folder, `limited.${backendPort}.yaml`);
  const changed = parts.reduce((all, [from, to]) => {
    assert.ok(all.includes(from), from);
    return all.replace(from, to);
  }, text);
  writeFileSync(config, changed);
  return config;
}

async function fillMemory({ httpEndpoint }: Collector): Promise<void> {
  const body = JSON.stringify({
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'x'.repeat(LOG_MIB * 1024 ** 2) } }] }] }],
  });
  const headers = { 'content-type': 'application/json' };
  for (let sent = 0; sent < LIMIT_MIB; sent += LOG_MIB) {
    assert.equal((await fetch(`${httpEndpoint}/v1/logs`, { method: 'POST', headers, body })).status, 200);
  }
}

/** What the Collector has counted so far, such as `otelcol_receiver_refused_spans`. */
async function counted(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^${name}(?:_total)?(?:\\{.*\\})? (\\S+)$`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

for (const [protocol, which] of [
  ['grpc', 'endpoint'],
  ['http/protobuf', 'httpEndpoint'],
] as const) {
  it(`over ${protocol}: what is refused waits in the spool, and arrives`, async (t) => {
    const [backendPort, metricsPort] = (await freePorts(2)) as [number, number];
    const spansFile = join(folder, `${which}.jsonl`);
    const collector = await startCollector({ spansFile, config: limited(backendPort, metricsPort) });
    t.after(() => collector.kill());
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
    const start = () => {
      const fed = new FedAgent(folder, ['--spool', join(folder, which)], collector[which], { env });
      t.after(() => fed.agent.stop('SIGKILL'));
      return fed;
    };
    const first = start();
    await first.give(numbers(0, 500));
    await collector.waitForSpans(500, DEADLINE_MS);
    await fillMemory(collector);
    await waitUntil(() => /Refusing data/.test(collector.log()) || undefined, DEADLINE_MS, collector.log);
    await first.give(numbers(500, 1500));
    await first.agent.until(() => /data refused due to high memory usage/.test(first.agent.stderr));
    assertNothingLost(await first.agent.stop());
    assert.match(first.agent.stderr, /: 1000 spans stay in the spool/);

    const second = start();
    await second.give(numbers(1500, 2003));
    const refused = () => counted(metricsPort, 'otelcol_receiver_refused_spans');
    await waitUntil(
      async () => (await refused()) > 2003 || undefined,
      DEADLINE_MS,
      () => 'too few are refused',
    );
    const backend = await startCollector({ spansFile: join(folder, `${which}.backend.jsonl`), grpcPort: backendPort });
    t.after(() => backend.kill());
    await collector.waitForSpans(2003, DEADLINE_MS);
    assertNothingLost(await second.end());
    assert.deepEqual(
      collector.spans().map(({ span }) => span.spanId),
      numbers(0, 2003).map((number) => event(number).spanId),
    );
    t.diagnostic(`2003 spans accepted once each; ${await refused()} times a span was refused`);
  });
}
