// SPDX-License-Identifier: Apache-2.0
import { SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type AgentEvent, isCompaction } from '../../event/event.ts';
import { VERSION } from '../../version.ts';
import type { StackPlace } from '../otlp/span-writer.ts';
import { spanParts } from './span-parts.ts';

export interface ToSpanOptions {
  /** Where the span has the kernel stack: `event` (the default), `attribute`, `both` or `none`. */
  stack?: StackPlace;
  /** The resource of an event without a service, as kernel threads have none. Default: `service.name` is `compactstall`. */
  resource?: Resource;
}

const OWN = resourceFromAttributes({ 'service.name': 'compactstall' });
const SCOPE = { name: 'compactstall', version: VERSION };
/** The events of one process share their attributes, and an exporter groups spans by the resource object. */
const resources = new WeakMap<object, Resource>();

/**
 * An event as a finished span, for any SpanExporter or SpanProcessor of OpenTelemetry's SDK for JavaScript. It has the ids of
 * the event and is sampled. Its resource is the service that stalled. By content it is the span that `--output otlp` sends, and
 * docs/attributes.md describes it.
 */
export function toSpan(event: AgentEvent, { stack = 'event', resource = OWN }: ToSpanOptions = {}): ReadableSpan {
  const { parent, ...parts } = spanParts(event, stack);
  const context = { traceId: event.traceId, spanId: event.spanId, traceFlags: TraceFlags.SAMPLED };
  return {
    ...parts,
    spanContext: () => context,
    ...(parent && { parentSpanContext: parent }),
    duration: [Math.floor(event.durationNano / 1e9), event.durationNano % 1e9],
    status: { code: SpanStatusCode.UNSET },
    ended: true,
    resource: (isCompaction(event) && serviceOf(event.resource)) || resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function serviceOf(attributes: Parameters<typeof resourceFromAttributes>[0] | undefined): Resource | undefined {
  if (attributes === undefined) return undefined;
  const known = resources.get(attributes);
  if (known) return known;
  const made = resourceFromAttributes(attributes);
  resources.set(attributes, made);
  return made;
}
