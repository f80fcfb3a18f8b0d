// SPDX-License-Identifier: Apache-2.0
// Metrics of this host's compactions, as a real Collector and a real Prometheus have them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePorts, waitUntil } from '../../harness/child.ts';
import { COMPACT_MEMORY, compact, populatedZones } from '../../harness/host.ts';
import {
  attributes,
  type ExponentialHistogramPoint,
  type NumberPoint,
  type ReceivedMetric,
} from '../../harness/receivers/otlp.ts';
import { type Collector, type Prometheus, startCollector, startPrometheus } from '../../harness/receivers/receivers.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, runToEnd } from '../support/agent.ts';

const WRITES = 11;
const DEADLINE_MS = 60_000;
const ALL = WRITES * populatedZones().length;
const NANOS = 1e9;

let folder: string;
let collector: Collector;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'compactstall-metrics-'));
  collector = await startCollector({ spansFile: join(folder, 'spans') });
});
after(async () => {
  await collector.stop();
  rmSync(folder, { recursive: true });
});

/** What a metric said last, of a run. */
const lastOf = (metrics: readonly ReceivedMetric[], name: string) =>
  metrics.findLast(({ metric }) => metric.name === name)!.metric;
const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0);
/** Sums of floating-point numbers depend on their order. */
const assertClose = (actual: number, expected: number, what?: string) =>
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, expected), `${what}: ${actual}, expected ${expected}`);

const labelsOf = ({ trigger, node, zone, order, status }: CompactionEvent) => ({
  'compaction.trigger': trigger,
  'compaction.node': node,
  'compaction.zone': zone,
  'compaction.order': order,
  'compaction.status': status,
});
const key = (labels: object) => JSON.stringify(Object.entries(labels).sort());

/** The number that `account = ... + term` has in the books printed at the end. */
const pairedOf = (stderr: string) => Number(/^ {2}paired +(\d+) = /m.exec(stderr)![1]);
const isPaired = (point: NumberPoint) =>
  key(attributes(point.attributes)) === key({ 'compaction.books.account': 'paired', 'compaction.books.term': 'total' });

describe('a Collector', () => {
  for (const [protocol, env] of [
    ['grpc', {}],
    ['http/protobuf', { OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'gzip' }],
  ] as const) {
    it(`over ${protocol}: gets sums and histograms that equal the events, and exemplars that lead to spans`, async () => {
      const before = collector.metrics().length;
      const agent = await new Agent(['--output', 'json', '--stack', 'none'], {
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? collector.endpoint : collector.httpEndpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_METRICS_EXPORTER: 'otlp',
          OTEL_METRIC_EXPORT_INTERVAL: '200',
          ...env,
        },
      }).attached();
      compact(COMPACT_MEMORY, WRITES);
      await agent.until(() => agent.events().length >= ALL);
      const { code, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      assert.match(stderr, /: metrics go to http:\/\/127\.0\.0\.1:/);
      const events = agent.events();
      const metrics = collector.metrics().slice(before);

      const { dataPoints } = lastOf(metrics, 'compaction.duration').exponentialHistogram!;
      const series = Map.groupBy(events, (event) => key(labelsOf(event)));
      assert.deepEqual(
        dataPoints.map(({ attributes: list }) => key(attributes(list))).sort(),
        [...series.keys()].sort(),
      );
      for (const point of dataPoints) {
        const ofSeries = series.get(key(attributes(point.attributes)))!;
        assertHistogram(
          point,
          ofSeries.map(({ durationNano }) => durationNano),
        );
      }
      const paired = lastOf(metrics, 'compaction.books.counted').sum!.dataPoints.find(isPaired)!;
      assert.equal(Number(paired.asInt), pairedOf(stderr));
      assert.equal(sumOf(dataPoints.map(({ count }) => Number(count))), pairedOf(stderr));

      const scanned = lastOf(metrics, 'compaction.pages_scanned').sum!.dataPoints;
      for (const scanner of ['migrate', 'free'] as const) {
        const points = scanned.filter((point) => attributes(point.attributes)['compaction.scanner'] === scanner);
        assert.equal(
          sumOf(points.map(({ asInt }) => Number(asInt))),
          sumOf(events.map(({ scanned }) => scanned[scanner])),
        );
      }

      const ids = new Map(collector.spans().map(({ span }) => [span.spanId, span.traceId]));
      const exemplars = metrics
        .filter(({ metric }) => metric.name === 'compaction.duration')
        .flatMap(({ metric }) => metric.exponentialHistogram!.dataPoints.flatMap(({ exemplars = [] }) => exemplars));
      assert.ok(exemplars.length > 0);
      for (const { spanId, traceId } of exemplars) assert.equal(ids.get(spanId), traceId);
      // The longest of all was an exemplar of some export.
      const longest = events.reduce((a, b) => (b.durationNano > a.durationNano ? b : a));
      const ofLongest = exemplars.find(({ spanId }) => spanId === longest.spanId);
      assert.equal(ofLongest?.asDouble, longest.durationNano / NANOS);

      const { resource } = metrics[0]!;
      assert.equal(resource['service.name'], 'compactstall');
      assert.equal(resource['host.name'], hostname());
    });
  }

  it('gets the state of the zones, the settings and what the agent costs, also as an unprivileged user', async () => {
    const before = collector.metrics().length;
    const env = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: collector.endpoint };
    const { code, stderr } = await runToEnd(['--output', 'json', '-d', '1', '--user', 'nobody'], { env });
    assert.equal(code, 0, stderr);
    const metrics = collector.metrics().slice(before);
    const zones = new Set(
      lastOf(metrics, 'compaction.zone.free_blocks').sum!.dataPoints.map(({ attributes: list }) => {
        const labels = attributes(list);
        return `${labels['compaction.node']} ${labels['compaction.zone']}`;
      }),
    );
    assert.deepEqual(
      [...zones].sort(),
      populatedZones()
        .map(({ node, name }) => `${node} ${name}`)
        .sort(),
    );
    for (const { asDouble } of lastOf(metrics, 'compaction.zone.unusable_free').gauge!.dataPoints) {
      assert.ok(asDouble! >= 0 && asDouble! <= 1, `${asDouble}`);
    }
    const [info] = lastOf(metrics, 'compaction.vm.info').gauge!.dataPoints;
    assert.ok(Number(attributes(info!.attributes)['compaction.vm.min_free_kbytes']) > 0);
    const roles = lastOf(metrics, 'process.memory.usage').sum!.dataPoints.map(
      (point) => attributes(point.attributes)['compaction.process'],
    );
    assert.deepEqual(roles, ['agent', 'prober']);
    // The kernel does not measure run times unless it is asked to.
    assert.equal(
      metrics.some(({ metric }) => metric.name === 'compaction.bpf.run_time'),
      false,
    );
  });

  it('with --verbose gets run times; with a filter the sums of all compactions', async () => {
    const before = collector.metrics().length;
    const env = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: collector.endpoint };
    const agent = await new Agent(['--verbose', '--trigger', 'kcompactd', '--output', 'json'], { env }).attached();
    compact(COMPACT_MEMORY, 2);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const metrics = collector.metrics().slice(before);
    const { dataPoints } = lastOf(metrics, 'compaction.duration').exponentialHistogram!;
    assert.equal(sumOf(dataPoints.map(({ count }) => Number(count))), pairedOf(stderr));
    assert.ok(pairedOf(stderr) >= 2 * populatedZones().length);
    assert.ok(lastOf(metrics, 'compaction.bpf.run_time').sum!.dataPoints.every(({ asDouble }) => asDouble! > 0));
  });
});

/** Equal to the histogram of these durations, computed with logarithms. */
function assertHistogram(point: ExponentialHistogramPoint, durationsNano: readonly number[]): void {
  assert.equal(Number(point.count), durationsNano.length);
  assertClose(point.sum!, sumOf(durationsNano) / NANOS, 'sum');
  const { offset = 0, bucketCounts = [] } = point.positive ?? {};
  const zeroThreshold = point.zeroThreshold ?? 0;
  const counts = bucketCounts.map(Number);
  assert.equal(Number(point.zeroCount ?? 0) + sumOf(counts), durationsNano.length);
  for (const [i, count] of counts.entries()) {
    const [above, upTo] = [0, 1].map((n) => 2 ** ((offset + i + n) / 2 ** point.scale));
    // A duration within a nanosecond of a bound may be on either side of it.
    const near = durationsNano.filter((n) => n > above! * NANOS - 1 && n <= upTo! * NANOS + 1).length;
    const inside = durationsNano.filter((n) => n > above! * NANOS + 1 && n <= upTo! * NANOS - 1).length;
    assert.ok(count >= inside && count <= near, `bucket ${offset + i} has ${count}, of ${inside} to ${near}`);
  }
  const zeros = durationsNano.filter((n) => n <= zeroThreshold * NANOS).length;
  assert.equal(Number(point.zeroCount ?? 0), zeros);
}

describe('Prometheus', () => {
  const value = async (prometheus: Prometheus, expression: string) => {
    const [result] = await prometheus.query(expression);
    return result && Number(result.value![1]);
  };

  it('receives over OTLP: the histogram’s count and sum in PromQL equal the books and the events', async () => {
    const prometheus = await startPrometheus();
    const agent = await new Agent(['--output', 'json', '--stack', 'none'], {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: prometheus.metricsEndpoint,
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/protobuf',
        OTEL_METRIC_EXPORT_INTERVAL: '500',
      },
    }).attached();
    compact(COMPACT_MEMORY, WRITES);
    await agent.until(() => agent.events().length >= ALL);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /exports of metrics that failed/);
    const count = await value(prometheus, 'sum(histogram_count(compaction_duration_seconds))');
    assert.equal(count, pairedOf(stderr));
    assert.equal(
      await value(
        prometheus,
        'sum(compaction_books_counted_total{compaction_books_account="paired",compaction_books_term="total"})',
      ),
      count,
    );
    const seconds = sumOf(agent.events().map(({ durationNano }) => durationNano)) / NANOS;
    assertClose((await value(prometheus, 'sum(histogram_sum(compaction_duration_seconds))'))!, seconds, 'sum');
    // Between the shortest and the longest, within a bucket.
    const median = await value(prometheus, 'histogram_quantile(0.5, sum(compaction_duration_seconds))');
    const sorted = agent
      .events()
      .map(({ durationNano }) => durationNano / NANOS)
      .sort((a, b) => a - b);
    assert.ok(median! >= sorted[0]! / 1.1 && median! <= sorted.at(-1)! * 1.1, `${median}`);
    const [info] = await prometheus.query('compaction_vm_info');
    assert.equal(info!.metric.job, 'compactstall');
    assert.equal(info!.metric.host_name, hostname());
    const traces = new Set(agent.events().map(({ traceId }) => traceId));
    const exemplars = await prometheus.exemplars('compaction_duration_seconds');
    assert.ok(exemplars.length > 0);
    for (const { labels } of exemplars) assert.ok(traces.has(labels.trace_id!), JSON.stringify(labels));
    await prometheus.stop();
  });

  it('scrapes: buckets, count and sum in PromQL equal the books and the events', async () => {
    const [port] = (await freePorts(1)) as [number];
    const prometheus = await startPrometheus({ scrapedPort: port });
    const agent = await new Agent(['--output', 'json', '--stack', 'none'], {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_METRICS_EXPORTER: 'prometheus',
        OTEL_EXPORTER_PROMETHEUS_PORT: `${port}`,
      },
    }).attached();
    await agent.until(() => agent.stderr.includes(`metrics are at http://127.0.0.1:${port}/metrics`));
    compact(COMPACT_MEMORY, WRITES);
    await agent.until(() => agent.events().length >= ALL);
    let scraped: number | undefined;
    await waitUntil(
      async () => {
        scraped = await value(prometheus, 'sum(compaction_duration_seconds_count)');
        return scraped !== undefined && scraped >= ALL ? scraped : undefined;
      },
      DEADLINE_MS,
      () => `Prometheus has ${scraped} of ${ALL} compactions`,
    );
    assert.equal(await value(prometheus, 'sum(compaction_duration_seconds_bucket{le="+Inf"})'), scraped);
    const first = agent.events().slice(0, scraped);
    assertClose(
      (await value(prometheus, 'sum(compaction_duration_seconds_sum)'))!,
      sumOf(first.map(({ durationNano }) => durationNano)) / NANOS,
      'sum',
    );
    for (const le of [2 ** -10, 2 ** -8, 2 ** -6]) {
      const expected = first.filter(({ durationNano }) => durationNano <= le * NANOS).length;
      assert.equal(await value(prometheus, `sum(compaction_duration_seconds_bucket{le="${le}"})`), expected, `${le}`);
    }
    const exemplars = await prometheus.exemplars('compaction_duration_seconds_bucket');
    const traces = new Set(agent.events().map(({ traceId }) => traceId));
    assert.ok(exemplars.length > 0);
    for (const { labels } of exemplars) assert.ok(traces.has(labels.trace_id!), JSON.stringify(labels));
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.equal(scraped, pairedOf(stderr));
    await prometheus.stop();
  });
});

describe('a wrong variable', () => {
  it('ends run before anything is loaded, and doctor says the same', async () => {
    const env = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_METRIC_EXPORT_INTERVAL: '1 min' };
    const run = await runToEnd([], { env });
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /OTEL_METRIC_EXPORT_INTERVAL: must be a whole number/);
    const { code, stdout } = await runToEnd(['doctor', '--json'], { env });
    assert.equal(code, 2);
    const { status, why } = JSON.parse(stdout).checks.find(({ id }: { id: string }) => id === 'metrics');
    assert.equal(status, 'fail');
    assert.ok(run.stderr.includes(why), why);
  });
});
