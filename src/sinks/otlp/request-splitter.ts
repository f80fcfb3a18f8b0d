// SPDX-License-Identifier: Apache-2.0
import { messages } from '../../protobuf/reader.ts';
import { ProtobufWriter } from '../../protobuf/writer.ts';
import type { Batch } from './collector.ts';
import { RESOURCE, RESOURCE_SCHEMA_URL, RESOURCE_SPANS, SCOPE, SCOPE_SPANS, SPAN } from './request-tags.ts';

/** Requests below `maxBytes` that together have this one's spans, in order. A single span stays as it is. */
export function splitRequest(batch: Batch, maxBytes: number): Batch[] {
  if (batch.spans < 2 || batch.bytes.length < maxBytes) return [batch];
  const middle = batch.spans >> 1;
  return [part(batch, 0, middle), part(batch, middle, batch.spans)].flatMap((half) => splitRequest(half, maxBytes));
}

/** The request with the spans from one index to another. */
function part({ bytes, stored }: Batch, from: number, to: number): Batch {
  const out = new ProtobufWriter(bytes.length);
  const copy = (tag: number, contents: readonly Uint8Array[]) => {
    for (const content of contents) {
      out.varint(tag);
      out.varint(content.length);
      out.raw(content);
    }
  };
  let index = 0;
  for (const group of messages(bytes, 1)) {
    const scopeSpans = messages(group, 2)[0]!;
    const all = messages(scopeSpans, 2);
    const spans = all.slice(Math.max(0, from - index), Math.max(0, to - index));
    index += all.length;
    if (spans.length === 0) continue;
    out.varint(RESOURCE_SPANS);
    const groupStart = out.begin();
    copy(RESOURCE, messages(group, 1));
    copy(RESOURCE_SCHEMA_URL, messages(group, 3));
    out.varint(SCOPE_SPANS);
    const spansStart = out.begin();
    copy(SCOPE, messages(scopeSpans, 1));
    copy(SPAN, spans);
    out.end(spansStart);
    out.end(groupStart);
  }
  return { bytes: out.written(), spans: to - from, ...(stored && { stored }) };
}
