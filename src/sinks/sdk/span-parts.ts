// SPDX-License-Identifier: Apache-2.0
import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  SpanKind,
  type TimeInput,
  TraceFlags,
} from '@opentelemetry/api';
import { type AgentEvent, isCompaction, type TraceContext } from '../../event/event.ts';
import { SPAN_ATTRIBUTES, type SpanAttribute, STACK_ATTRIBUTE, STACK_EVENT } from '../otlp/attributes.ts';
import { NOT_RECORDED_ATTRIBUTES } from '../otlp/not-recorded-attributes.ts';
import { type StackPlace, spanName } from '../otlp/span-writer.ts';

const NANOS = 1_000_000_000n;

/** An event as the parts of a span, in the types of `@opentelemetry/api`: by content the span that `--output otlp` sends. */
export interface SpanParts {
  name: string;
  kind: SpanKind;
  startTime: HrTime;
  endTime: HrTime;
  attributes: Attributes;
  /** The application's span, when the stall is its child. */
  parent?: SpanContext;
  links: Link[];
  /** The kernel stack. */
  events: { name: string; time: HrTime & TimeInput; attributes: Attributes }[];
}

export function spanParts(event: AgentEvent, stack: StackPlace): SpanParts {
  const start = BigInt(event.startUnixNano);
  const endTime = hrTime(start + BigInt(event.durationNano));
  const attributes = isCompaction(event)
    ? { ...event.context?.attributes, ...attributesOf(SPAN_ATTRIBUTES, event) }
    : attributesOf(NOT_RECORDED_ATTRIBUTES, event);
  const frames = isCompaction(event) && event.stack.length > 0 ? event.stack.join('\n') : undefined;
  if (frames !== undefined && (stack === 'attribute' || stack === 'both')) attributes[STACK_ATTRIBUTE] = frames;
  const onEvent = frames !== undefined && (stack === 'event' || stack === 'both');
  const context = isCompaction(event) ? event.context : undefined;
  return {
    name: spanName(event),
    kind: SpanKind.INTERNAL,
    startTime: hrTime(start),
    endTime,
    attributes,
    ...(context?.relation === 'child' && { parent: remote(context, TraceFlags.SAMPLED) }),
    links: context?.relation === 'link' ? [{ context: remote(context, context.flags) }] : [],
    events: onEvent ? [{ name: STACK_EVENT, time: endTime, attributes: { [STACK_ATTRIBUTE]: frames } }] : [],
  };
}

function attributesOf<E>(table: readonly SpanAttribute<E>[], event: E): Attributes {
  const attributes: Attributes = {};
  for (const { name, get } of table) {
    const value = get(event);
    if (value === undefined || value === null || value === '') continue;
    attributes[name] = typeof value === 'object' ? [...value] : value;
  }
  return attributes;
}

const remote = ({ traceId, spanId }: TraceContext, traceFlags: number): SpanContext => ({
  traceId,
  spanId,
  traceFlags,
  isRemote: true,
});

const hrTime = (nanos: bigint): HrTime => [Number(nanos / NANOS), Number(nanos % NANOS)];
