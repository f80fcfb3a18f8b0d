// SPDX-License-Identifier: Apache-2.0
// The harness itself: spans sent by hand to the real Collector and the real Jaeger come back exactly.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitUntil } from '../../harness/child.ts';
import type { OtlpMetric, OtlpSpan } from '../../harness/receivers/otlp.ts';
import { ensureBackends, startCollector, startJaeger, tags } from '../../harness/receivers/receivers.ts';

const temporary = mkdtempSync(join(tmpdir(), 'compactstall-harness-'));
after(() => rmSync(temporary, { recursive: true }));

const SERVICE = 'hand-made';
const STACK = 'compact_zone+0x1a2\ntry_to_compact_pages+0xc3';

/** Lasts 20.000333 ms; its times are not whole microseconds. */
const span: OtlpSpan = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  name: 'compaction direct',
  kind: 1,
  startTimeUnixNano: '1700000000000000123',
  endTimeUnixNano: '1700000000020000456',
  attributes: [
    { key: 'compaction.zone', value: { stringValue: 'Normal' } },
    { key: 'compaction.order', value: { intValue: '9' } },
    { key: 'compaction.fragmentation', value: { doubleValue: 0.5 } },
    { key: 'test.large', value: { intValue: '9007199254740993' } },
  ],
  events: [
    {
      timeUnixNano: '1700000000020000456',
      name: 'kernel.stack',
      attributes: [{ key: 'code.stacktrace', value: { stringValue: STACK } }],
    },
  ],
};

const metric: OtlpMetric = {
  name: 'compaction.test',
  unit: '{compaction}',
  sum: {
    aggregationTemporality: 2,
    isMonotonic: true,
    dataPoints: [{ timeUnixNano: '1700000000020000456', asInt: '17' }],
  },
};

const resource = { attributes: [{ key: 'service.name', value: { stringValue: SERVICE } }] };
const scope = { name: 'compactstall', version: '0' };

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}

function sendSpan(httpEndpoint: string): Promise<void> {
  return post(`${httpEndpoint}/v1/traces`, { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }] });
}

test('the Collector writes exactly what it receives', async () => {
  const collector = await startCollector({ spansFile: join(temporary, 'exact.jsonl') });
  assert.deepEqual(collector.spans(), []);
  await sendSpan(collector.httpEndpoint);
  await post(`${collector.httpEndpoint}/v1/metrics`, {
    resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: [metric] }] }],
  });

  const [received, ...others] = await collector.waitForSpans(1, 5000);
  assert.deepEqual(others, []);
  assert.deepEqual(received, {
    resource: { 'service.name': SERVICE },
    scope,
    attributes: {
      'compaction.zone': 'Normal',
      'compaction.order': 9,
      'compaction.fragmentation': 0.5,
      'test.large': 9007199254740993n,
    },
    events: [{ name: 'kernel.stack', time: 1700000000020000456n, attributes: { 'code.stacktrace': STACK } }],
    start: 1700000000000000123n,
    end: 1700000000020000456n,
    span: { ...span, status: {} },
  });
  assert.deepEqual(collector.metrics(), [{ resource: { 'service.name': SERVICE }, scope, metric }]);

  await assert.rejects(
    collector.waitForSpans(2, 100),
    /^Error: 1 of 2 spans have arrived in .*exact\.jsonl \(waited 100 ms\)$/,
  );
  await collector.stop();
});

test('a Collector that was stopped or killed continues in the same file, on the same ports', async () => {
  const first = await startCollector({ spansFile: join(temporary, 'restarted.jsonl') });
  await sendSpan(first.httpEndpoint);
  await first.stop();
  await assert.rejects(sendSpan(first.httpEndpoint), TypeError); // fetch: connection refused
  assert.equal(first.spans().length, 1);

  const second = await startCollector(first);
  assert.equal(second.endpoint, first.endpoint);
  await sendSpan(second.httpEndpoint);
  await second.kill(); // At once: an acknowledged span must be in the file already.
  assert.equal(second.spans().length, 2);

  const third = await startCollector(second);
  await sendSpan(third.httpEndpoint);
  await third.stop();
  for (const collector of [first, second, third]) assert.equal(collector.spans().length, 3);
});

test('a Collector that cannot start reports why', async () => {
  const collector = await startCollector({ spansFile: join(temporary, 'first.jsonl') });
  await assert.rejects(
    startCollector({ spansFile: join(temporary, 'second.jsonl'), grpcPort: collector.grpcPort }),
    /collector ended with exit code 1 before it was ready\. Its output:.*address already in use/s,
  );
  await collector.stop();
});

test('Jaeger finds the span by everything that users search for, and shows its event as a log', async () => {
  const jaeger = await startJaeger();
  await sendSpan(jaeger.httpEndpoint);

  const query = {
    service: SERVICE,
    operation: 'compaction direct',
    tags: { 'compaction.order': 9, 'compaction.zone': 'Normal' },
    minDuration: '20ms',
  };
  const [trace, ...others] = await jaeger.waitForTraces(query, 1, 5000);
  assert.deepEqual(others, []);
  assert.equal(trace!.traceID, span.traceId);
  assert.equal(trace!.spans.length, 1);
  const found = trace!.spans[0]!;
  assert.equal(found.spanID, span.spanId);
  assert.equal(found.operationName, 'compaction direct');
  assert.equal(found.startTime, 1700000000000000);
  assert.equal(found.duration, 20000);
  assert.equal(found.warnings, null);
  assert.equal(tags(found.tags)['compaction.order'], 9);
  assert.equal(trace!.processes[found.processID]!.serviceName, SERVICE);
  assert.equal(found.logs.length, 1);
  assert.deepEqual(tags(found.logs[0]!.fields), { event: 'kernel.stack', 'code.stacktrace': STACK });

  // Each part of the query has an effect.
  assert.deepEqual(await jaeger.traces({ ...query, service: 'another' }), []);
  assert.deepEqual(await jaeger.traces({ ...query, operation: 'compaction kcompactd' }), []);
  assert.deepEqual(await jaeger.traces({ ...query, tags: { 'compaction.order': 8 } }), []);
  assert.deepEqual(await jaeger.traces({ ...query, minDuration: '20001us' }), []);
  assert.deepEqual(await jaeger.traces({ ...query, maxDuration: '20000us' }), []);

  assert.deepEqual(await jaeger.trace(span.traceId), trace);
  assert.equal(await jaeger.trace('f'.repeat(32)), undefined);
  assert.deepEqual(await jaeger.operations(SERVICE), ['compaction direct']);
  assert.deepEqual(await jaeger.services(), [SERVICE]);
  await jaeger.stop();
});

test('nothing stays behind when a test is killed', async () => {
  await ensureBackends('collector'); // Built first, so that the time below does not include a build.
  const script = `
    import { startCollector } from ${JSON.stringify(import.meta.resolve('../../harness/receivers/receivers.ts'))};
    const { pid } = await startCollector({ spansFile: ${JSON.stringify(join(temporary, 'killed.jsonl'))} });
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const killed = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(killed.stdout, 'data');
  const pid = Number(output);
  assert.ok(runs(pid));
  killed.kill('SIGKILL');
  await waitUntil(
    () => !runs(pid) || undefined,
    5000,
    () => `the collector, process ${pid}, has outlived the test that started it`,
  );
});

/** False also for a zombie, which has no command line. */
function runs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
