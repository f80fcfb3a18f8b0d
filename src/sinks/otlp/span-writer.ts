// SPDX-License-Identifier: Apache-2.0
import { TraceFlags } from '@opentelemetry/api';
import type { AgentEvent, TraceContext } from '../../event/event.ts';
import { keyBytes, writeAttribute } from '../../protobuf/attribute-writer.ts';
import { bytesTag, fixed32Tag, fixed64Tag, ProtobufWriter, varintTag } from '../../protobuf/writer.ts';
import { nanos, nanosLater } from '../nanos.ts';
import { SPAN_ATTRIBUTES, SPAN_NAME_PREFIX, type SpanAttribute, STACK_ATTRIBUTE, STACK_EVENT } from './attributes.ts';
import type { SpanLimits } from './limits.ts';
import { NOT_RECORDED_ATTRIBUTES, NOT_RECORDED_SPAN } from './not-recorded-attributes.ts';
import { SPAN } from './request-tags.ts';

export type StackPlace = 'event' | 'attribute' | 'both' | 'none';

// opentelemetry/proto/trace/v1/trace.proto
const TRACE_ID = bytesTag(1);
const SPAN_ID = bytesTag(2);
const PARENT_SPAN_ID = bytesTag(4);
const NAME = bytesTag(5);
const KIND = varintTag(6);
const START = fixed64Tag(7);
const END = fixed64Tag(8);
const ATTRIBUTE = bytesTag(9);
const DROPPED_ATTRIBUTES = varintTag(10);
const EVENT = bytesTag(11);
const DROPPED_EVENTS = varintTag(12);
const LINK = bytesTag(13);
const FLAGS = fixed32Tag(16);
const LINK_TRACE_ID = bytesTag(1);
const LINK_SPAN_ID = bytesTag(2);
const LINK_FLAGS = fixed32Tag(6);
const EVENT_TIME = fixed64Tag(1);
const EVENT_NAME = bytesTag(2);
const EVENT_ATTRIBUTE = bytesTag(3);
const EVENT_DROPPED_ATTRIBUTES = varintTag(4);

const SPAN_KIND_INTERNAL = 1;
/** Says that IS_REMOTE is valid for the parent or the linked span. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
/** The length of 128 bytes to 16 KiB, which all but tiny and huge spans have, takes two bytes. */
const SPAN_LENGTH_SIZE = 2;

const encoded = <E>(attributes: readonly SpanAttribute<E>[]) =>
  attributes.map(({ name, type, get }) => ({ key: keyBytes(name), isDouble: type === 'double', get }));
const ATTRIBUTES = encoded(SPAN_ATTRIBUTES);
const OF_NOT_RECORDED = encoded(NOT_RECORDED_ATTRIBUTES);
const STACK_KEY = keyBytes(STACK_ATTRIBUTE);
const NO_STACK: readonly string[] = [];
/** No application may say these instead of the agent. */
const OWN_NAMES = new Set([...SPAN_ATTRIBUTES.map(({ name }) => name), STACK_ATTRIBUTE]);

export const spanName = (event: AgentEvent): string =>
  event.kind === undefined ? `${SPAN_NAME_PREFIX} ${event.trigger}` : NOT_RECORDED_SPAN;

/**
 * Writes an event as a Span of a ScopeSpans, without any object in between. A compaction that ends without a free block is
 * not an error: the status stays unset.
 */
export class SpanWriter {
  readonly #out: ProtobufWriter;
  readonly #limits: SpanLimits;
  readonly #onSpan: boolean;
  readonly #onEvent: boolean;
  readonly #stacks = new WeakMap<readonly string[], Uint8Array>();

  constructor(out: ProtobufWriter, stack: StackPlace, limits: SpanLimits) {
    this.#out = out;
    this.#limits = limits;
    this.#onSpan = stack === 'attribute' || stack === 'both';
    this.#onEvent = stack === 'event' || stack === 'both';
  }

  write(event: AgentEvent): void {
    const out = this.#out;
    const [startLow, startHigh] = nanos(event.startUnixNano);
    const [endLow, endHigh] = nanosLater(startLow, startHigh, event.durationNano);

    out.varint(SPAN);
    const start = out.begin(SPAN_LENGTH_SIZE);
    out.varint(TRACE_ID);
    out.hex(event.traceId);
    out.varint(SPAN_ID);
    out.hex(event.spanId);
    const context = event.kind === undefined ? event.context : undefined;
    const isChild = context?.relation === 'child';
    if (isChild) {
      out.varint(PARENT_SPAN_ID);
      out.hex(context.spanId);
    }
    out.varint(NAME);
    out.string(spanName(event));
    out.varint(KIND);
    out.varint(SPAN_KIND_INTERNAL);
    out.varint(START);
    out.fixed64(startLow, startHigh);
    out.varint(END);
    out.fixed64(endLow, endHigh);
    const stack = event.kind === undefined ? event.stack : NO_STACK;
    if (event.kind === undefined) this.#attributes(ATTRIBUTES, event, stack, context?.attributes);
    else this.#attributes(OF_NOT_RECORDED, event, stack);
    if (this.#onEvent && stack.length > 0) this.#stackEvent(stack, endLow, endHigh);
    if (context?.relation === 'link') this.#link(context);
    out.varint(FLAGS);
    out.fixed32(HAS_IS_REMOTE | (isChild ? IS_REMOTE : 0) | TraceFlags.SAMPLED);
    out.end(start, SPAN_LENGTH_SIZE);
  }

  #link({ traceId, spanId, flags }: TraceContext): void {
    const out = this.#out;
    out.varint(LINK);
    const start = out.begin(1);
    out.varint(LINK_TRACE_ID);
    out.hex(traceId);
    out.varint(LINK_SPAN_ID);
    out.hex(spanId);
    out.varint(LINK_FLAGS);
    out.fixed32(HAS_IS_REMOTE | IS_REMOTE | flags);
    out.end(start, 1);
  }

  /** @param said attributes that the application published with its span */
  #attributes<E>(
    attributes: ReturnType<typeof encoded<E>>,
    event: E,
    stack: readonly string[],
    said?: TraceContext['attributes'],
  ): void {
    const { attributes: most, valueLength } = this.#limits;
    let count = 0;
    for (const { key, isDouble, get } of attributes) {
      const value = get(event);
      if (value === undefined || value === null || value === '' || ++count > most) continue;
      const isLong = typeof value === 'string' && value.length > valueLength;
      writeAttribute(this.#out, ATTRIBUTE, key, isLong ? value.slice(0, valueLength) : value, isDouble);
    }
    for (const name in said) {
      if (OWN_NAMES.has(name) || ++count > most) continue;
      writeAttribute(this.#out, ATTRIBUTE, keyBytes(name), said![name]!.slice(0, valueLength), false);
    }
    if (this.#onSpan && stack.length > 0 && ++count <= most) this.#stack(ATTRIBUTE, stack);
    this.#dropped(DROPPED_ATTRIBUTES, count - most);
  }

  /** Writes the stack as a span event at the end of the compaction, when the kernel took it. */
  #stackEvent(stack: readonly string[], timeLow: number, timeHigh: number): void {
    const out = this.#out;
    if (this.#limits.events === 0) {
      this.#dropped(DROPPED_EVENTS, 1);
      return;
    }
    out.varint(EVENT);
    const start = out.begin(SPAN_LENGTH_SIZE);
    out.varint(EVENT_TIME);
    out.fixed64(timeLow, timeHigh);
    out.varint(EVENT_NAME);
    out.string(STACK_EVENT);
    if (this.#limits.attributesPerEvent > 0) this.#stack(EVENT_ATTRIBUTE, stack);
    else this.#dropped(EVENT_DROPPED_ATTRIBUTES, 1);
    out.end(start, SPAN_LENGTH_SIZE);
  }

  #dropped(tag: number, count: number): void {
    if (count <= 0) return;
    this.#out.varint(tag);
    this.#out.varint(count);
  }

  /** `code.stacktrace`: one frame a line, innermost first. Equal stacks are one array, encoded once. */
  #stack(tag: number, stack: readonly string[]): void {
    let bytes = this.#stacks.get(stack);
    if (bytes === undefined) {
      const text = stack.join('\n').slice(0, this.#limits.valueLength);
      const out = new ProtobufWriter(text.length + 64);
      writeAttribute(out, 0, STACK_KEY, text, false);
      // Drops the tag, which differs.
      bytes = out.written(1);
      this.#stacks.set(stack, bytes);
    }
    this.#out.varint(tag);
    this.#out.raw(bytes);
  }
}
