// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRICS, readAll } from '../../../src/metrics/instruments/all.ts';
import { prometheusName, prometheusText } from '../../../src/metrics/prometheus-text.ts';
import { snapshot } from './snapshot.ts';

const EXEMPLAR = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  seconds: 0.0008,
  timeUnixNano: 1_795_000_100_123_000_007n,
};
const RESOURCE = { 'service.name': 'a "b"\\\n' };
const text = (format: 'prometheus' | 'openmetrics') =>
  prometheusText(
    readAll(snapshot(), () => [EXEMPLAR]),
    RESOURCE,
    format,
  );
const SERIES =
  'compaction_trigger="direct",compaction_node="0",compaction_zone="Normal",compaction_order="9",compaction_status="success"';
const bucket = (le: string) =>
  new RegExp(`^compaction_duration_seconds_bucket\\{${SERIES},le="${le.replace('+', '\\+')}"\\} (\\d+)(.*)$`, 'm');

test('classic buckets hold exactly what is below their bounds', () => {
  const all = text('prometheus');
  for (const [le, count] of [
    [2 ** -20, 1],
    [2 ** -11, 1],
    [2 ** -10, 2],
    [2 ** -9, 3],
    [64, 3],
  ] as const) {
    assert.equal(bucket(String(le)).exec(all)?.[1], String(count), `${le}`);
  }
  assert.equal(bucket('+Inf').exec(all)?.[1], '3');
  assert.ok(all.includes(`compaction_duration_seconds_sum{${SERIES}} 0.0022005\n`));
  assert.ok(all.includes(`compaction_duration_seconds_count{${SERIES}} 3\n`));
});

test('labels are escaped, and the resource is target_info', () => {
  assert.ok(text('prometheus').includes('target_info{service_name="a \\"b\\"\\\\\\n"} 1\n'));
});

test('OpenMetrics has exemplars and an end; the older format has neither', () => {
  const [, , mark] = bucket(String(2 ** -10)).exec(text('openmetrics'))!;
  assert.equal(mark, ` # {trace_id="${EXEMPLAR.traceId}",span_id="${EXEMPLAR.spanId}"} 0.0008 1795000100.123`);
  assert.equal(bucket(String(2 ** -9)).exec(text('openmetrics'))?.[2], '');
  assert.ok(text('openmetrics').endsWith('\n# EOF\n'));
  assert.doesNotMatch(text('prometheus'), /trace_id|# EOF/);
});

test('a counter’s family has no suffix in OpenMetrics', () => {
  assert.match(text('openmetrics'), /^# TYPE compaction_stall_time_seconds counter$/m);
  assert.match(text('prometheus'), /^# TYPE compaction_stall_time_seconds_total counter$/m);
  assert.match(
    text('openmetrics'),
    /^compaction_stall_time_seconds_total\{compaction_cgroup_id="18446744073709551615"\} 1.5$/m,
  );
});

test('names of Prometheus: none occurs twice', () => {
  const names = METRICS.map(prometheusName);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+(_[a-z]+)+$/);
  assert.equal(
    prometheusName({ name: 'compaction.zone.unusable_free', unit: '1', kind: 'gauge' }),
    'compaction_zone_unusable_free_ratio',
  );
});
