// SPDX-License-Identifier: Apache-2.0
import { keyBytes, writeAttribute } from '../protobuf/attribute-writer.ts';
import { bytesTag, fixed64Tag, ProtobufWriter, varintTag } from '../protobuf/writer.ts';
import type { Exemplar, HistogramPoint, Labels, NumberMetric, NumberPoint, Reading } from './metric.ts';
import { isDelta, type TemporalityPreference } from './temporality.ts';

// opentelemetry/proto/metrics/v1/metrics.proto, and its ExportMetricsServiceRequest
const RESOURCE_METRICS = bytesTag(1);
const SCOPE_METRICS = bytesTag(2);
const METRIC = bytesTag(2);
const NAME = bytesTag(1);
const DESCRIPTION = bytesTag(2);
const UNIT = bytesTag(3);
const GAUGE = bytesTag(5);
const SUM = bytesTag(7);
const EXPONENTIAL_HISTOGRAM = bytesTag(10);
const DATA_POINT = bytesTag(1);
const TEMPORALITY = varintTag(2);
const IS_MONOTONIC = varintTag(3);

const START_TIME = fixed64Tag(2);
const TIME = fixed64Tag(3);
const NUMBER_AS_DOUBLE = fixed64Tag(4);
const NUMBER_AS_INT = fixed64Tag(6);
const NUMBER_ATTRIBUTE = bytesTag(7);

const HISTOGRAM_ATTRIBUTE = bytesTag(1);
const COUNT = fixed64Tag(4);
const HISTOGRAM_SUM = fixed64Tag(5);
const SCALE = varintTag(6);
const ZERO_COUNT = fixed64Tag(7);
const POSITIVE = bytesTag(8);
const EXEMPLAR = bytesTag(11);
const ZERO_THRESHOLD = fixed64Tag(14);
const OFFSET = varintTag(1);
const BUCKET_COUNTS = bytesTag(2);

const EXEMPLAR_TIME = fixed64Tag(2);
const EXEMPLAR_AS_DOUBLE = fixed64Tag(3);
const EXEMPLAR_SPAN_ID = bytesTag(4);
const EXEMPLAR_TRACE_ID = bytesTag(5);

const DELTA = 1;
const CUMULATIVE = 2;
const TWO_32 = 2 ** 32;
const USUAL_BYTES = 64 * 1024;

/** When counting began, and when the values were read. */
export interface Times {
  sinceUnixNano: bigint;
  /** The start of the process, for the values that it counts itself. */
  processUnixNano: bigint;
  /** The last export that arrived: the start of values that count from there. */
  lastUnixNano: bigint;
  unixNano: bigint;
}

/** What is the same in each request: the encoded fields `resource` and `scope`, and the temporality. */
export interface RequestFrame {
  resource: Uint8Array;
  scope: Uint8Array;
  preference: TemporalityPreference;
}

/** An ExportMetricsServiceRequest. The SDK's writer, and the data that it takes, know no exemplars. */
export function writeRequest(readings: readonly Reading[], times: Times, frame: RequestFrame): Uint8Array {
  const out = new ProtobufWriter(USUAL_BYTES);
  message(out, RESOURCE_METRICS, () => {
    out.raw(frame.resource);
    message(out, SCOPE_METRICS, () => {
      out.raw(frame.scope);
      for (const reading of readings) writeMetric(out, reading, times, frame.preference);
    });
  });
  return out.written();
}

function writeMetric(out: ProtobufWriter, reading: Reading, times: Times, preference: TemporalityPreference): void {
  const { name, meaning, unit } = reading.metric;
  const delta = isDelta(reading.metric, preference);
  const span = { start: delta ? times.lastUnixNano : times.sinceUnixNano, end: times.unixNano };
  const spanOf = ({ ofProcess }: NumberPoint) =>
    ofProcess && !delta ? { ...span, start: times.processUnixNano } : span;
  message(out, METRIC, () => {
    text(out, NAME, name);
    text(out, DESCRIPTION, meaning);
    if (unit !== '') text(out, UNIT, unit);
    const temporality = () => integer(out, TEMPORALITY, delta ? DELTA : CUMULATIVE);
    if (isHistogram(reading)) {
      message(out, EXPONENTIAL_HISTOGRAM, () => {
        for (const point of reading.points) writeHistogramPoint(out, point, span);
        temporality();
      });
      return;
    }
    const { metric, points } = reading;
    message(out, metric.kind === 'gauge' ? GAUGE : SUM, () => {
      for (const point of points) writeNumberPoint(out, metric, point, spanOf(point));
      if (metric.kind === 'gauge') return;
      temporality();
      integer(out, IS_MONOTONIC, metric.kind === 'counter' ? 1 : 0);
    });
  });
}

type HistogramReading = Extract<Reading, { metric: { kind: 'histogram' } }>;
const isHistogram = (reading: Reading): reading is HistogramReading => reading.metric.kind === 'histogram';

interface TimeSpan {
  start: bigint;
  end: bigint;
}

function writeNumberPoint(out: ProtobufWriter, { kind, type }: NumberMetric, point: NumberPoint, span: TimeSpan): void {
  message(out, DATA_POINT, () => {
    labels(out, NUMBER_ATTRIBUTE, point.labels);
    if (kind !== 'gauge') time(out, START_TIME, span.start);
    time(out, TIME, span.end);
    if (type === 'int') count(out, NUMBER_AS_INT, point.value);
    else double(out, NUMBER_AS_DOUBLE, point.value);
  });
}

function writeHistogramPoint(out: ProtobufWriter, point: HistogramPoint, span: TimeSpan): void {
  const { scale, zeroThreshold, zeroCount, offset, bucketCounts } = point.histogram;
  message(out, DATA_POINT, () => {
    labels(out, HISTOGRAM_ATTRIBUTE, point.labels);
    time(out, START_TIME, span.start);
    time(out, TIME, span.end);
    count(out, COUNT, point.count);
    double(out, HISTOGRAM_SUM, point.sum);
    integer(out, SCALE, zigzag(scale));
    count(out, ZERO_COUNT, zeroCount);
    if (bucketCounts.length > 0) {
      message(out, POSITIVE, () => {
        integer(out, OFFSET, zigzag(offset));
        message(out, BUCKET_COUNTS, () => {
          for (const inBucket of bucketCounts) out.varint(inBucket);
        });
      });
    }
    for (const exemplar of point.exemplars) writeExemplar(out, exemplar);
    double(out, ZERO_THRESHOLD, zeroThreshold);
  });
}

function writeExemplar(out: ProtobufWriter, { traceId, spanId, seconds, timeUnixNano }: Exemplar): void {
  message(out, EXEMPLAR, () => {
    time(out, EXEMPLAR_TIME, timeUnixNano);
    double(out, EXEMPLAR_AS_DOUBLE, seconds);
    out.varint(EXEMPLAR_SPAN_ID);
    out.hex(spanId);
    out.varint(EXEMPLAR_TRACE_ID);
    out.hex(traceId);
  });
}

function message(out: ProtobufWriter, tag: number, write: () => void): void {
  out.varint(tag);
  const start = out.begin();
  write();
  out.end(start);
}

function labels(out: ProtobufWriter, tag: number, values: Labels): void {
  for (const [name, value] of Object.entries(values)) writeAttribute(out, tag, keyBytes(name), value, false);
}

function text(out: ProtobufWriter, tag: number, value: string): void {
  out.varint(tag);
  out.string(value);
}

function integer(out: ProtobufWriter, tag: number, value: number): void {
  out.varint(tag);
  out.varint(value);
}

function double(out: ProtobufWriter, tag: number, value: number): void {
  out.varint(tag);
  out.double(value);
}

/** A fixed64. */
function count(out: ProtobufWriter, tag: number, value: number): void {
  out.varint(tag);
  out.fixed64(value >>> 0, Math.floor(value / TWO_32));
}

function time(out: ProtobufWriter, tag: number, unixNano: bigint): void {
  out.varint(tag);
  out.fixed64(Number(unixNano & 0xffff_ffffn), Number(unixNano >> 32n));
}

/** A sint32. */
const zigzag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;
