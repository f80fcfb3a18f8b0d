// SPDX-License-Identifier: Apache-2.0
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { CompactionEvent } from '../../event.ts';
import { SPAN_ATTRIBUTES } from './attributes.ts';
import type { Batch } from './collector.ts';
import { restoreDoubles } from './doubles.ts';
import type { Queue } from './queue.ts';
import { attributesSizeBound, MAX_REQUEST_BYTES, spanSizeBound } from './size.ts';
import { type SpanMaker, spanOf } from './span.ts';

const DOUBLES = SPAN_ATTRIBUTES.filter(({ type }) => type === 'double').map(({ name }) => Buffer.from(name));

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

/**
 * Takes events off the queue, as many as one request holds. The spans are made only now: an event is smaller, and the
 * stock of a long outage waits as events.
 */
export function takeBatch(queue: Queue<CompactionEvent>, maxSpans: number, maker: SpanMaker): Taken {
  const spans: ReadableSpan[] = [];
  const left: LeftOut = { not_sampled: 0, too_large: 0 };
  const resources = new Set<object>();
  let size = 0;
  let full = false;
  for (let event = queue.peek(); event !== undefined && spans.length < maxSpans; event = queue.peek()) {
    const span = spanOf(event, maker);
    if (span === undefined) {
      left.not_sampled++;
    } else {
      const isNew = !resources.has(span.resource);
      const more = spanSizeBound(span) + (isNew ? attributesSizeBound(span.resource.attributes) + PER_RESOURCE : 0);
      if (size + more > MAX_REQUEST_BYTES) {
        full = spans.length > 0;
        if (full) break;
        left.too_large++;
      } else {
        resources.add(span.resource);
        spans.push(span);
        size += more;
      }
    }
    queue.skip();
  }
  return { bytes: encode(spans), spans: spans.length, left, full };
}

/** Fields around a resource's spans, and the scope. */
const PER_RESOURCE = 1024;

function encode(spans: ReadableSpan[]): Uint8Array {
  if (spans.length === 0) return new Uint8Array();
  const bytes = ProtobufTraceSerializer.serializeRequest(spans)!;
  restoreDoubles(bytes, DOUBLES);
  return bytes;
}
