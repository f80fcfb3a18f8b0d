// SPDX-License-Identifier: Apache-2.0
import { type Context, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { AlwaysOffSampler, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import { type AgentEvent, isCompaction } from '../../event/event.ts';
import { keyBytes, writeAttribute } from '../../protobuf/attribute-writer.ts';
import { bytesTag, lengthSize, ProtobufWriter } from '../../protobuf/writer.ts';
import type { Batch } from './collector.ts';
import type { SpanLimits } from './limits.ts';
import { RESOURCE, RESOURCE_SCHEMA_URL, RESOURCE_SPANS, SCOPE, SCOPE_SPANS } from './request-tags.ts';
import { SpanWriter, type StackPlace, spanName } from './span-writer.ts';

/** The largest request that a gRPC server accepts by default. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/**
 * The size at which a request is finished. nginx, and receivers that are not the Collector, take 1 MiB by default. And a Collector encodes
 * again what it passes on, which can make it larger: a request of nearly 4 MiB was refused by the server behind a Collector, over and over.
 */
export const USUAL_REQUEST_BYTES = 1_000_000;

const RESOURCE_ATTRIBUTE = bytesTag(1);
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

/** What became of an event: `full` means that it belongs to the next request, the others that it is in this one or in none. */
export type Added = 'added' | 'full' | 'not_sampled' | 'too_large';

/** The spans of one resource in a request: their ranges in the buffer, and their size in bytes. */
interface Group {
  resource: Uint8Array;
  ranges: [start: number, end: number][];
  bytes: number;
}

/**
 * Makes requests from events, grouped by resource. An event becomes a span at once and is garbage then: objects that wait for a
 * request live long enough to be costly garbage. Spans are written one after the other into a buffer that is reused, then copied
 * into the request. The exact size of the request is known at any time.
 */
export class RequestWriter {
  readonly #options: SpanOptions;
  readonly #scope: Uint8Array;
  readonly #resources = new WeakMap<Resource, Uint8Array>();
  #buffer!: ProtobufWriter;
  #writer!: SpanWriter;
  #groups = new Map<Resource, Group>();
  #size = 0;
  #spans = 0;

  constructor(options: SpanOptions) {
    this.#options = options;
    this.#scope = scopeBytes(options.scope);
    this.#renewBuffer();
  }

  #renewBuffer(): void {
    this.#buffer = new ProtobufWriter(USUAL_REQUEST_BYTES);
    this.#writer = new SpanWriter(this.#buffer, this.#options.stack, this.#options.limits);
  }

  /** The number of spans in the request that is being made. */
  get spans(): number {
    return this.#spans;
  }

  /** Adds the event's span to the request. The first span may be as large as a server usually takes, whatever `maxBytes` is. */
  add(event: AgentEvent, maxBytes = MAX_REQUEST_BYTES): Added {
    if (!this.#isSampled(event)) return 'not_sampled';
    const buffer = this.#buffer;
    const start = buffer.length;
    this.#writer.write(event);
    const group = this.#groupOf(this.#options.resourceOf(event));
    const before = this.#sizeOf(group);
    group.bytes += buffer.length - start;
    const more = this.#sizeOf(group) - before;
    if (this.#size + more >= (this.#spans > 0 ? maxBytes : MAX_REQUEST_BYTES)) {
      group.bytes -= buffer.length - start;
      buffer.length = start;
      return this.#spans > 0 ? 'full' : 'too_large';
    }
    addRange(group.ranges, start, buffer.length);
    this.#size += more;
    this.#spans++;
    return 'added';
  }

  /** The finished request; the next one is empty. */
  finish(): Batch {
    const batch = { bytes: this.#assemble(), spans: this.#spans };
    this.#groups.clear();
    this.#size = 0;
    this.#spans = 0;
    this.#buffer.length = 0;
    // One huge span must not keep its memory for ever.
    if (this.#buffer.capacity > 2 * MAX_REQUEST_BYTES) this.#renewBuffer();
    return batch;
  }

  /** Asks the sampler. The standard's samplers use the parent and the trace id only. No share of spans may hide a gap. */
  #isSampled(event: AgentEvent): boolean {
    const { sampler } = this.#options;
    if (sampler === undefined) return true;
    if (!isCompaction(event)) return !(sampler instanceof AlwaysOffSampler);
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

  #groupOf(resource: Resource): Group {
    let group = this.#groups.get(resource);
    if (group === undefined) {
      let bytes = this.#resources.get(resource);
      if (bytes === undefined) {
        bytes = resourceBytes(resource);
        this.#resources.set(resource, bytes);
      }
      group = { resource: bytes, ranges: [], bytes: 0 };
      this.#groups.set(resource, group);
    }
    return group;
  }

  #sizeOf(group: Group): number {
    return group.bytes === 0 ? 0 : sizeWithTag(this.#contentSizeOf(group));
  }

  #contentSizeOf({ resource, bytes }: Group): number {
    return resource.length + sizeWithTag(this.#scope.length + bytes);
  }

  #assemble(): Uint8Array {
    const out = new ProtobufWriter(this.#size + SLACK);
    for (const group of this.#groups.values()) {
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
