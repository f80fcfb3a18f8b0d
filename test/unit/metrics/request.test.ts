// SPDX-License-Identifier: Apache-2.0
// The bytes of requests, read by protobufjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BOOKS_SIZE } from '../../../src/abi.generated.ts';
import { equations } from '../../../src/event/books.ts';
import { decodeKernelBooks } from '../../../src/event/source-books.ts';
import { readAll } from '../../../src/metrics/instruments/all.ts';
import { writeRequest } from '../../../src/metrics/request-writer.ts';
import type { Snapshot } from '../../../src/metrics/snapshot.ts';
import type { TemporalityPreference } from '../../../src/metrics/temporality.ts';
import { resourceBytes, scopeBytes } from '../../../src/sinks/otlp/request-writer.ts';
import { aggregates, DIRECT, snapshot, TOTALS } from './snapshot.ts';
import { decodeMetrics, decodeWhole, labelsOf } from './wire.ts';

const TIMES = {
  sinceUnixNano: 1_795_000_000_000_000_000n,
  processUnixNano: 1_795_000_030_000_000_000n,
  lastUnixNano: 1_795_000_060_000_000_001n,
  unixNano: 1_795_000_120_000_000_003n,
};
const EXEMPLAR = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  seconds: 0.0012,
  timeUnixNano: 1_795_000_100_000_000_007n,
};

function write(of: Snapshot, preference: TemporalityPreference = 'cumulative'): Uint8Array {
  const resource = resourceBytes(resourceFromAttributes({ 'service.name': 'compactstall' }));
  const scope = scopeBytes({ name: 'compactstall', version: '1' });
  return writeRequest(
    readAll(of, () => [EXEMPLAR]),
    TIMES,
    { resource, scope, preference },
  );
}

test('a histogram has its buckets, sum, labels and exemplars, to the bit', () => {
  const { exponentialHistogram } = decodeMetrics(write(snapshot())).get('compaction.duration')!;
  const { dataPoints, aggregationTemporality } = exponentialHistogram!;
  assert.equal(aggregationTemporality, 2);
  const [{ attributes: _, ...point }] = dataPoints as [(typeof dataPoints)[number]];
  assert.deepEqual(point, {
    startTimeUnixNano: '1795000000000000000',
    timeUnixNano: '1795000120000000003',
    count: '3',
    sum: 0.0022005,
    scale: 3,
    zeroCount: '1',
    zeroThreshold: 2 ** -20,
    positive: { offset: -81, bucketCounts: ['1', '1'] },
    exemplars: [{ ...EXEMPLAR, seconds: undefined, asDouble: 0.0012, timeUnixNano: '1795000100000000007' }].map(
      ({ seconds: _s, ...exemplar }) => exemplar,
    ),
  });
  assert.deepEqual(labelsOf(dataPoints[0]!), {
    'compaction.trigger': 'direct',
    'compaction.node': '0',
    'compaction.zone': 'Normal',
    'compaction.order': '9',
    'compaction.status': 'success',
  });
});

test('numbers are ints or doubles as their metric says; sums say whether they only grow', () => {
  const processes = [{ role: 'agent', userSeconds: 1, systemSeconds: 0.5, memoryBytes: 2 ** 33 + 1 }] as const;
  const metrics = decodeMetrics(write(snapshot({ processes })));
  const cpu = metrics.get('process.cpu.time')!.sum!;
  assert.deepEqual(
    cpu.dataPoints.map(({ asDouble }) => asDouble),
    [1, 0.5],
  );
  assert.deepEqual([cpu.aggregationTemporality, cpu.isMonotonic], [2, true]);
  const memory = metrics.get('process.memory.usage')!.sum!;
  assert.equal(memory.dataPoints[0]!.asInt, String(2 ** 33 + 1));
  assert.notEqual(memory.isMonotonic, true);
  const info = metrics.get('compaction.vm.info')!.gauge!.dataPoints[0]!;
  assert.equal(info.asInt, '1');
  // A gauge counts from nowhere.
  assert.equal(info.startTimeUnixNano, undefined);
});

test('the resource and the scope are there once', () => {
  const { resourceMetrics } = decodeWhole(write(snapshot()));
  assert.equal(resourceMetrics.length, 1);
  const [{ resource, scopeMetrics }] = resourceMetrics as [(typeof resourceMetrics)[number]];
  assert.deepEqual(resource.attributes, [{ key: 'service.name', value: { stringValue: 'compactstall' } }]);
  assert.deepEqual(
    scopeMetrics.map(({ scope }) => scope),
    [{ name: 'compactstall', version: '1' }],
  );
});

test('with delta what only grows begins at the last export, and what also shrinks at the start', () => {
  const metrics = decodeMetrics(write(snapshot(), 'delta'));
  const duration = metrics.get('compaction.duration')!.exponentialHistogram!;
  assert.equal(duration.aggregationTemporality, 1);
  assert.equal(duration.dataPoints[0]!.startTimeUnixNano, '1795000060000000001');
  const ring = metrics.get('compaction.ring.usage')!.sum!;
  assert.equal(ring.aggregationTemporality, 2);
  assert.equal(ring.dataPoints[0]!.startTimeUnixNano, '1795000000000000000');
});

test('what had no room for labels is one more point, which says so', () => {
  const full = aggregates({
    compactions: [DIRECT],
    compactionsOverflow: TOTALS,
    directStallsOverflow: { count: 7, sumNano: 14e9 },
  });
  const metrics = decodeMetrics(write(snapshot({ aggregates: full })));
  const last = (name: string) => {
    const { sum, exponentialHistogram } = metrics.get(name)!;
    return (sum ?? exponentialHistogram)!.dataPoints.at(-1)!;
  };
  assert.deepEqual(labelsOf(last('compaction.duration')), { 'otel.metric.overflow': true });
  assert.equal(last('compaction.duration').count, '3');
  // There is no compaction that it could lead to.
  assert.equal(last('compaction.duration').exemplars?.length ?? 0, 0);
  assert.deepEqual(labelsOf(last('compaction.stall.time')), { 'otel.metric.overflow': true });
  assert.equal(last('compaction.stall.time').asDouble, 14);
  assert.equal(last('compaction.stall.count').asInt, '7');
});

test('what goes on from agent to agent counts from the attach; what a process has done, from its start', () => {
  const sink = { accepted: 8, exported: 4, queued: 3, dropped: { queue_full: 1 }, spooled: 2, recovered: 2 };
  const kernel = decodeKernelBooks(Buffer.alloc(BOOKS_SIZE));
  const books = equations(
    {
      kernel,
      ...{ probes: { made: 1, open: 0, publishing: 1, without: {} }, received: 9, decoded: 8, malformed: 1 },
      ...{ pendingBytes: 0, earlier: { events: 5, lost: 0, undelivered: 0 } },
    },
    [{ name: 'otlp', books: sink }],
  );
  const exports = { delivered: 1, failed: 0 };
  const metrics = decodeMetrics(write(snapshot({ books, exports })));
  const startsOf = (name: string) =>
    metrics.get(name)!.sum!.dataPoints.map((point) => {
      const labels = labelsOf(point);
      const [account, term] = ['account', 'term'].map((label) => labels[`compaction.books.${label}`]);
      return [`${account} ${term}`, point.startTimeUnixNano === `${TIMES.processUnixNano}`] as const;
    });
  const ofProcess = startsOf('compaction.books.counted').filter(([, isOfProcess]) => isOfProcess);
  assert.deepEqual(
    new Set(ofProcess.map(([term]) => term)),
    new Set(['probes total', 'probes publishing', 'otlp total', 'otlp recovered', 'otlp exported', 'otlp dropped']),
  );
  assert.ok(startsOf('compaction.metrics.exports').every(([, isOfProcess]) => isOfProcess));
  assert.ok(startsOf('compaction.pages_scanned').every(([, isOfProcess]) => !isOfProcess));
});
