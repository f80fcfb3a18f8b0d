// SPDX-License-Identifier: Apache-2.0
import { type Context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import type { CompactionEvent } from '../../event/event.ts';
import { keyBytes, writeAttribute } from '../../protobuf/attribute-writer.ts';
import { bytesTag, lengthSize, ProtobufWriter } from '../../protobuf/writer.ts';
import type { Batch } from './collector.ts';
import type { SpanLimits } from './limits.ts';
import type { Queue } from './queue.ts';
import { SpanWriter, type StackPlace, spanName } from './span-writer.ts';

/** What a gRPC server takes by default. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const USUAL_REQUEST_BYTES = 1024 * 1024;

// ExportTraceServiceRequest, ResourceSpans, ScopeSpans
const RESOURCE_SPANS = bytesTag(1);
const RESOURCE = bytesTag(1);
const RESOURCE_ATTRIBUTE = bytesTag(1);
const SCOPE_SPANS = bytesTag(2);
const RESOURCE_SCHEMA_URL = bytesTag(3);
const SCOPE = bytesTag(1);
const SCOPE_NAME = bytesTag(1);
const SCOPE_VERSION = bytesTag(2);

export interface SpanOptions {
  stack: StackPlace;
  limits: SpanLimits;
  /** Absent: every span is wanted. */
  sampler: Sampler | undefined;
  scope: { name: string; version: string };
  /** The resource that an event's span belongs to. Equal ones must be one object: spans are grouped by identity. */
  resourceOf(event: CompactionEvent): Resource;
}

/** Spans without a place in a request: the sampler did not want them, or they are larger than a request. */
export interface LeftOut {
  not_sampled: number;
  too_large: number;
}

export interface Taken extends Batch {
  left: LeftOut;
  /** The next event did not fit any more: what waits is worth a request of its own. */
  full: boolean;
}

/** The spans of one resource in a request: where they are among all spans, and how many bytes. */
interface Group {
  resource: Uint8Array;
  ranges: [start: number, end: number][];
  bytes: number;
}

/**
 * Makes requests of events, grouped by resource. The spans are made only now: an event is smaller, and the stock of a
 * long outage waits as events. They are written one after the other into a buffer that is kept, and copied from there
 * into the request, whose exact size is known at any time.
 */
export class RequestWriter {
  readonly #options: SpanOptions;
  readonly #scope: Uint8Array;
  readonly #resources = new WeakMap<Resource, Uint8Array>();
  #buffer!: ProtobufWriter;
  #spans!: SpanWriter;

  constructor(options: SpanOptions) {
    this.#options = options;
    this.#scope = scopeBytes(options.scope);
    this.#renewBuffer();
  }

  #renewBuffer(): void {
    this.#buffer = new ProtobufWriter(USUAL_REQUEST_BYTES);
    this.#spans = new SpanWriter(this.#buffer, this.#options.stack, this.#options.limits);
  }

  /** Takes events off the queue, as many as one request holds. */
  take(queue: Queue<CompactionEvent>, maxSpans: number): Taken {
    // One giant must not cost memory for ever.
    if (this.#buffer.capacity > 2 * MAX_REQUEST_BYTES) this.#renewBuffer();
    const buffer = this.#buffer;
    buffer.length = 0;
    const groups = new Map<Resource, Group>();
    const left: LeftOut = { not_sampled: 0, too_large: 0 };
    let spans = 0;
    let size = 0;
    let full = false;
    for (let event = queue.peek(); event !== undefined && spans < maxSpans; event = queue.peek()) {
      if (this.#isSampled(event)) {
        const start = buffer.length;
        this.#spans.write(event);
        const group = this.#groupOf(this.#options.resourceOf(event), groups);
        const before = this.#sizeOf(group);
        group.bytes += buffer.length - start;
        const more = this.#sizeOf(group) - before;
        if (size + more >= MAX_REQUEST_BYTES) {
          group.bytes -= buffer.length - start;
          buffer.length = start;
          full = spans > 0;
          if (full) break;
          left.too_large++;
        } else {
          addRange(group.ranges, start, buffer.length);
          size += more;
          spans++;
        }
      } else {
        left.not_sampled++;
      }
      queue.skip();
    }
    return { bytes: this.#assemble(groups, size), spans, left, full };
  }

  /** The standard's samplers look at parent and trace id only. */
  #isSampled(event: CompactionEvent): boolean {
    const { sampler } = this.#options;
    if (sampler === undefined) return true;
    const { decision } = sampler.shouldSample(
      parentOf(event),
      event.traceId,
      spanName(event),
      SpanKind.INTERNAL,
      {},
      [],
    );
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  }

  #groupOf(resource: Resource, groups: Map<Resource, Group>): Group {
    let group = groups.get(resource);
    if (group === undefined) {
      let bytes = this.#resources.get(resource);
      if (bytes === undefined) {
        bytes = resourceBytes(resource);
        this.#resources.set(resource, bytes);
      }
      group = { resource: bytes, ranges: [], bytes: 0 };
      groups.set(resource, group);
    }
    return group;
  }

  #sizeOf(group: Group): number {
    return group.bytes === 0 ? 0 : sizeWithTag(this.#contentSizeOf(group));
  }

  #contentSizeOf({ resource, bytes }: Group): number {
    return resource.length + sizeWithTag(this.#scope.length + bytes);
  }

  #assemble(groups: Map<Resource, Group>, size: number): Uint8Array {
    const out = new ProtobufWriter(size + SLACK);
    for (const group of groups.values()) {
      if (group.bytes === 0) continue;
      out.varint(RESOURCE_SPANS);
      out.varint(this.#contentSizeOf(group));
      out.raw(group.resource);
      out.varint(SCOPE_SPANS);
      out.varint(this.#scope.length + group.bytes);
      out.raw(this.#scope);
      for (const [start, end] of group.ranges) out.raw(this.#buffer.written(start, end));
    }
    return out.written();
  }
}

/** The writer wants room for the longest varint, however long it then is. */
const SLACK = 16;
/** Tags up to 15 take one byte. */
const sizeWithTag = (length: number) => 1 + lengthSize(length) + length;

/** Spans of one resource that follow each other are copied as one. */
function addRange(ranges: [start: number, end: number][], start: number, end: number): void {
  const last = ranges.at(-1);
  if (last?.[1] === start) last[1] = end;
  else ranges.push([start, end]);
}

function resourceBytes({ attributes, schemaUrl }: Resource): Uint8Array {
  const out = new ProtobufWriter(1024);
  out.varint(RESOURCE);
  const start = out.begin();
  for (const [name, value] of Object.entries(attributes)) {
    writeAttribute(out, RESOURCE_ATTRIBUTE, keyBytes(name), value, false);
  }
  out.end(start);
  if (schemaUrl) {
    out.varint(RESOURCE_SCHEMA_URL);
    out.string(schemaUrl);
  }
  return out.written();
}

function scopeBytes({ name, version }: { name: string; version: string }): Uint8Array {
  const out = new ProtobufWriter(64);
  out.varint(SCOPE);
  const start = out.begin();
  out.varint(SCOPE_NAME);
  out.string(name);
  out.varint(SCOPE_VERSION);
  out.string(version);
  out.end(start);
  return out.written();
}

/** What the standard's samplers see as the parent. */
function parentOf({ context }: CompactionEvent): Context {
  if (context?.relation !== 'child') return ROOT_CONTEXT;
  const { traceId, spanId, flags } = context;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags, isRemote: true });
}
