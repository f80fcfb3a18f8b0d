// SPDX-License-Identifier: Apache-2.0
// The output of the collector's file exporter (one OTLP JSON request a line), as flat lists of spans, metrics and log records.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Attributes as a plain object. An OTLP integer is a number, or a bigint if a number cannot hold it. */
export interface Attributes {
  [key: string]: AttributeValue;
}
export type AttributeValue = string | number | bigint | boolean | AttributeValue[] | Attributes | null;

export interface KeyValue {
  key: string;
  value: AnyValue;
}
/** A value in OTLP JSON: 64-bit integers are strings. It shows whether 1 was sent as an integer or a double. */
export interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number | string;
  bytesValue?: string;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
}

/** A span in OTLP JSON, as received. Ids are lower-case hex, times are nanoseconds since 1970 in decimal. */
export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  flags?: number;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: KeyValue[];
  droppedAttributesCount?: number;
  events?: { timeUnixNano: string; name: string; attributes?: KeyValue[] }[];
  droppedEventsCount?: number;
  links?: { traceId: string; spanId: string; flags?: number; attributes?: KeyValue[] }[];
  status?: { code?: number; message?: string };
}

export interface ReceivedSpan {
  resource: Attributes;
  scope: { name: string; version: string };
  attributes: Attributes;
  events: { name: string; time: bigint; attributes: Attributes }[];
  /** Nanoseconds since 1970. */
  start: bigint;
  end: bigint;
  /** Everything else (ids, name, kind, flags, links, status), and the attributes with their OTLP types. */
  span: OtlpSpan;
}

/** A log record in OTLP JSON, as received. */
export interface OtlpLogRecord {
  timeUnixNano: string;
  severityNumber?: number;
  severityText?: string;
  eventName?: string;
  body?: AnyValue;
  attributes?: KeyValue[];
}

export interface ReceivedLog {
  resource: Attributes;
  scope: { name: string; version: string };
  attributes: Attributes;
  body: AttributeValue;
  /** Everything else. */
  record: OtlpLogRecord;
}

/** A metric in OTLP JSON, as received: the member named by its type has the data points. */
export interface OtlpMetric {
  name: string;
  description?: string;
  unit?: string;
  sum?: { dataPoints: NumberPoint[]; aggregationTemporality: number; isMonotonic?: boolean };
  gauge?: { dataPoints: NumberPoint[] };
  histogram?: { dataPoints: HistogramPoint[]; aggregationTemporality: number };
  exponentialHistogram?: { dataPoints: ExponentialHistogramPoint[]; aggregationTemporality: number };
}
export interface NumberPoint {
  attributes?: KeyValue[];
  startTimeUnixNano?: string;
  timeUnixNano: string;
  asInt?: string | number;
  asDouble?: number;
}
export interface HistogramPoint {
  attributes?: KeyValue[];
  startTimeUnixNano?: string;
  timeUnixNano: string;
  count: string | number;
  sum?: number;
  min?: number;
  max?: number;
  bucketCounts?: (string | number)[];
  explicitBounds?: number[];
}

export interface ExponentialHistogramPoint {
  attributes?: KeyValue[];
  startTimeUnixNano?: string;
  timeUnixNano: string;
  count: string | number;
  sum?: number;
  scale: number;
  zeroCount?: string | number;
  zeroThreshold?: number;
  positive?: { offset?: number; bucketCounts?: (string | number)[] };
  exemplars?: { traceId: string; spanId: string; timeUnixNano: string; asDouble: number }[];
}

/** One export of one metric. A cumulative metric is in each export. */
export interface ReceivedMetric {
  resource: Attributes;
  scope: { name: string; version: string };
  metric: OtlpMetric;
}

interface Scope {
  name?: string;
  version?: string;
}
/** A request, in OTLP JSON. */
export interface OtlpTraces {
  resourceSpans?: { resource?: { attributes?: KeyValue[] }; scopeSpans?: { scope?: Scope; spans?: OtlpSpan[] }[] }[];
}
interface Line extends OtlpTraces {
  resourceLogs?: {
    resource?: { attributes?: KeyValue[] };
    scopeLogs?: { scope?: Scope; logRecords?: OtlpLogRecord[] }[];
  }[];
  resourceMetrics?: {
    resource?: { attributes?: KeyValue[] };
    scopeMetrics?: { scope?: Scope; metrics?: OtlpMetric[] }[];
  }[];
}

export function attributes(list: KeyValue[] = []): Attributes {
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: AnyValue): AttributeValue {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) {
    const exact = BigInt(value.intValue);
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.bytesValue !== undefined) return value.bytesValue;
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain);
  if (value.kvlistValue !== undefined) return attributes(value.kvlistValue.values);
  return null;
}

function scopeOf(scope: Scope = {}): { name: string; version: string } {
  return { name: scope.name ?? '', version: scope.version ?? '' };
}

export function flattenSpans({ resourceSpans = [] }: OtlpTraces): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const shared = attributes(resource?.attributes);
    return scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((span) => ({
        resource: shared,
        scope: scopeOf(scope),
        attributes: attributes(span.attributes),
        events: (span.events ?? []).map((event) => ({
          name: event.name,
          time: BigInt(event.timeUnixNano),
          attributes: attributes(event.attributes),
        })),
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        span,
      })),
    );
  });
}

export function flattenMetrics({ resourceMetrics = [] }: Line): ReceivedMetric[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) => {
    const shared = attributes(resource?.attributes);
    return scopeMetrics.flatMap(({ scope, metrics = [] }) =>
      metrics.map((metric) => ({ resource: shared, scope: scopeOf(scope), metric })),
    );
  });
}

export function flattenLogs({ resourceLogs = [] }: Line): ReceivedLog[] {
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) => {
    const shared = attributes(resource?.attributes);
    return scopeLogs.flatMap(({ scope, logRecords = [] }) =>
      logRecords.map((record) => ({
        resource: shared,
        scope: scopeOf(scope),
        attributes: attributes(record.attributes),
        body: record.body === undefined ? null : plain(record.body),
        record,
      })),
    );
  });
}

/** A growing file of OTLP JSON lines. Each call of `read` parses only the new lines, and returns everything. */
export class OtlpFile<T> {
  readonly #path: string;
  readonly #flatten: (line: Line) => T[];
  readonly #items: T[] = [];
  #offset = 0;
  #unfinished = Buffer.alloc(0);

  constructor(path: string, flatten: (line: Line) => T[]) {
    this.#path = path;
    this.#flatten = flatten;
  }

  /** A missing file counts as empty: the exporter makes it at the first request. */
  read(): readonly T[] {
    for (let piece = this.#next(); piece.length > 0; piece = this.#next()) {
      const text = Buffer.concat([this.#unfinished, piece]);
      const end = text.lastIndexOf(0x0a) + 1; // The last line may be incomplete.
      for (const line of text.toString('utf8', 0, end).split('\n')) {
        if (line !== '') for (const item of this.#flatten(JSON.parse(line) as Line)) this.#items.push(item);
      }
      this.#unfinished = text.subarray(end);
    }
    return this.#items;
  }

  /** At most the next 16 MiB, as a string cannot hold a file of any size. Empty at the end. */
  #next(): Buffer {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    }
    try {
      const size = fstatSync(file).size;
      if (size < this.#offset) throw new Error(`${this.#path} became shorter while it was read`);
      const buffer = Buffer.alloc(Math.min(size - this.#offset, 16 << 20));
      const length = readSync(file, buffer, 0, buffer.length, this.#offset);
      this.#offset += length;
      return buffer.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }
}
