// SPDX-License-Identifier: Apache-2.0
import type { Attributes } from '@opentelemetry/api';
import type { ExponentialHistogram } from '../event/aggregates.ts';
import type { Exemplar, HistogramPoint, Labels, Reading } from './metric.ts';

/** Prometheus' text format, or OpenMetrics, which has exemplars. */
export type TextFormat = 'prometheus' | 'openmetrics';

/** The bounds of classic buckets: each power of two from 1 us to 64 s. They do not change, so that series stay the same. */
const [FIRST_POWER, LAST_POWER] = [-20, 6];
const UNITS: Record<string, string> = { s: 'seconds', By: 'bytes', '1': 'ratio' };
const MILLIS = 1000;
const NANOS_PER_MILLI = 1_000_000n;

/** The name that Prometheus' own OTLP receiver gives the metric: with its unit, and `_total` for a counter. */
export function prometheusName({ name, unit, kind }: Pick<Reading['metric'], 'name' | 'unit' | 'kind'>): string {
  const suffix = UNITS[unit] === undefined ? '' : `_${UNITS[unit]}`;
  return `${family(name)}${suffix}${kind === 'counter' ? '_total' : ''}`;
}

export function prometheusText(readings: readonly Reading[], resource: Attributes, format: TextFormat): string {
  const lines = [
    ...head(format, 'target_info', 'gauge', 'The resource of the agent.'),
    `target_info${labelText(resource as Labels)} 1`,
  ];
  for (const { metric, points } of readings) {
    const name = prometheusName(metric);
    const type = { counter: 'counter', updown: 'gauge', gauge: 'gauge', histogram: 'histogram' }[metric.kind];
    lines.push(...head(format, name, type, metric.meaning));
    if (metric.kind === 'histogram') {
      for (const point of points as readonly HistogramPoint[]) lines.push(...histogramLines(name, point, format));
    } else {
      for (const point of points) if ('value' in point) lines.push(`${name}${labelText(point.labels)} ${point.value}`);
    }
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

/** OpenMetrics names the family of a counter without `_total`, and knows `info`. */
function head(format: TextFormat, name: string, type: string, meaning: string): string[] {
  const named = format === 'openmetrics' ? name.replace(/_total$/, '') : name;
  return [`# HELP ${named} ${escaped(meaning)}`, `# TYPE ${named} ${type}`];
}

function histogramLines(name: string, point: HistogramPoint, format: TextFormat): string[] {
  const { labels, count, sum, exemplars } = point;
  const lines: string[] = [];
  let below = 0;
  for (let power = FIRST_POWER; power <= LAST_POWER + 1; power++) {
    const isLast = power > LAST_POWER;
    const le = isLast ? Number.POSITIVE_INFINITY : 2 ** power;
    const inBucket = exemplars.find(({ seconds }) => seconds <= le && seconds > below);
    const value = isLast ? count : countUpTo(power, point.histogram);
    const mark = format === 'openmetrics' && inBucket ? exemplarText(inBucket) : '';
    const bound = isLast ? '+Inf' : String(le);
    lines.push(`${name}_bucket${labelText({ ...labels, le: bound })} ${value}${mark}`);
    below = le;
  }
  return [...lines, `${name}_sum${labelText(labels)} ${sum}`, `${name}_count${labelText(labels)} ${count}`];
}

/** Exact, because each power of two is also a bound of the exponential histogram's buckets, and 2^-20 its zero threshold. */
function countUpTo(power: number, { scale, zeroCount, offset, bucketCounts }: ExponentialHistogram): number {
  const buckets = Math.max(0, power * 2 ** scale - offset);
  return bucketCounts.slice(0, buckets).reduce((sum, count) => sum + count, zeroCount);
}

function exemplarText({ traceId, spanId, seconds, timeUnixNano }: Exemplar): string {
  const time = Number(timeUnixNano / NANOS_PER_MILLI) / MILLIS;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${seconds} ${time.toFixed(3)}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${family(name)}="${escaped(String(value), true)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const family = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_');

function escaped(text: string, quotes = false): string {
  const lines = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quotes ? lines.replaceAll('"', '\\"') : lines;
}
