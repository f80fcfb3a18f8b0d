// SPDX-License-Identifier: Apache-2.0
import { type Context, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import type { AgentEvent } from '../../event/event.ts';
import { keyBytes, writeAttribute } from '../../protobuf/attribute-writer.ts';
import { bytesTag, lengthSize, ProtobufWriter } from '../../protobuf/writer.ts';
import type { Batch } from './collector.ts';
import type { SpanLimits } from './limits.ts';
import type { Queue } from './queue.ts';
import { SpanWriter, type StackPlace, spanName } from './span-writer.ts';

/** The largest request that a gRPC server accepts by default. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
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
  /** The sampler; without one every span is sent. */
  sampler: Sampler | undefined;
  scope: { name: string; version: string };
  /** The resource of an event's span. Equal resources must be one object: spans are grouped by identity. */
  resourceOf(event: AgentEvent): Resource;
}

/** Counts of spans left out: the sampler dropped them, or they are larger than a request. */
export interface LeftOut {
  not_sampled: number;
  too_large: number;
}

export interface Taken extends Batch {
  /** The events of its spans. */
  events: AgentEvent[];
  left: LeftOut;
  /** The next event did not fit: what waits is worth another request at once. */
  full: boolean;
}

/** The spans of one resource in a request: their ranges in the buffer, and their size in bytes. */
interface Group {
  resource: Uint8Array;
  ranges: [start: number, end: number][];
  bytes: number;
}

/**
 * Makes requests from events, grouped by resource. Events become spans only here: an event is smaller, and during a long
 * outage many wait. Spans are written one after the other into a buffer that is reused, then copied into the request. The
 * exact size of the request is known at any time.
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

  /** Takes events off the queue, as many as one request holds; one even if `maxBytes` is less than a server's usual limit. */
  take(queue: Queue<AgentEvent>, maxSpans: number, maxBytes = MAX_REQUEST_BYTES): Taken {
    // One huge span must not keep its memory for ever.
    if (this.#buffer.capacity > 2 * MAX_REQUEST_BYTES) this.#renewBuffer();
    const buffer = this.#buffer;
    buffer.length = 0;
    const groups = new Map<Resource, Group>();
    const left: LeftOut = { not_sampled: 0, too_large: 0 };
    const events: AgentEvent[] = [];
    let size = 0;
    let full = false;
    for (let event = queue.peek(); event !== undefined && events.length < maxSpans; event = queue.peek()) {
      if (this.#isSampled(event)) {
        const start = buffer.length;
        this.#spans.write(event);
        const group = this.#groupOf(this.#options.resourceOf(event), groups);
        const before = this.#sizeOf(group);
        group.bytes += buffer.length - start;
        const more = this.#sizeOf(group) - before;
        if (size + more >= (events.length > 0 ? maxBytes : MAX_REQUEST_BYTES)) {
          group.bytes -= buffer.length - start;
          buffer.length = start;
          full = events.length > 0;
          if (full) break;
          left.too_large++;
        } else {
          addRange(group.ranges, start, buffer.length);
          size += more;
          events.push(event);
        }
      } else {
        left.not_sampled++;
      }
      queue.skip();
    }
    return { bytes: this.#assemble(groups, size), spans: events.length, events, left, full };
  }

  /** Asks the sampler. The standard's samplers use the parent and the trace id only. */
  #isSampled(event: AgentEvent): boolean {
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

/** The writer reserves room for the longest varint. */
const SLACK = 16;
/** The size with a tag of one byte, which all tags up to 15 have. */
const sizeWithTag = (length: number) => 1 + lengthSize(length) + length;

/** Adds a range, merged with the last one when it follows directly. */
function addRange(ranges: [start: number, end: number][], start: number, end: number): void {
  const last = ranges.at(-1);
  if (last?.[1] === start) last[1] = end;
  else ranges.push([start, end]);
}

/** The field `resource` of a ResourceSpans or ResourceMetrics, with its schema's URL. */
export function resourceBytes({ attributes, schemaUrl }: Resource): Uint8Array {
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

/** The field `scope` of a ScopeSpans or ScopeMetrics. */
export function scopeBytes({ name, version }: { name: string; version: string }): Uint8Array {
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

/** The parent that the standard's samplers see. Being a child means that it was sampled, or that the user says so. */
function parentOf(event: AgentEvent): Context {
  if (event.kind !== undefined || event.context?.relation !== 'child') return ROOT_CONTEXT;
  const { traceId, spanId, flags } = event.context;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: flags | TraceFlags.SAMPLED,
    isRemote: true,
  });
}
