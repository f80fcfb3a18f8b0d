// SPDX-License-Identifier: Apache-2.0
import { type Lost, together } from '../../event/lost.ts';
import { type WireField, wireFields } from '../../protobuf/reader.ts';
import type { Batch } from './collector.ts';
import { NOT_RECORDED_COUNT, NOT_RECORDED_SPAN } from './not-recorded-attributes.ts';

// opentelemetry/proto/trace/v1/trace.proto
const RESOURCE_SPANS = 1;
const SCOPE_SPANS = 2;
const SPANS = 2;
const NAME = 5;
const START = 7;
const END = 8;
const ATTRIBUTES = 9;
// opentelemetry/proto/common/v1/common.proto
const KEY = 1;
const VALUE = 2;
const INT = 3;

/** What a request stood for. */
export interface LostSpans extends Lost {
  /** How many of its spans report losses themselves. */
  reports: number;
}

/**
 * What is lost when so many spans of a request are lost. The request is read only now, so nothing has to be kept in case of a loss.
If some of its spans arrived, it is not known which: the time is that of all of them. Undefined for a request without spans.
 *
 * @throws RangeError where the bytes are not a request
 */
export function lostSpans({ bytes, spans }: Pick<Batch, 'bytes' | 'spans'>): LostSpans | undefined {
  let all: LostSpans | undefined;
  let found = 0;
  for (const resource of messages(bytes, RESOURCE_SPANS)) {
    for (const scope of messages(resource, SCOPE_SPANS)) {
      for (const span of messages(scope, SPANS)) {
        const lost = lostSpan(span);
        all = all ? { ...together(all, lost), reports: all.reports + lost.reports } : lost;
        found += 1;
      }
    }
  }
  return all && spans < found ? { ...all, compactions: spans } : all;
}

function lostSpan(span: Uint8Array): LostSpans {
  let [fromUnixNs, toUnixNs, reported] = [0n, 0n, 0];
  let isReport = false;
  for (const { field, value } of wireFields(span)) {
    if (typeof value === 'bigint') continue;
    if (field === START) fromUnixNs = fixed64(value);
    else if (field === END) toUnixNs = fixed64(value);
    else if (field === NAME) isReport = textOf(value) === NOT_RECORDED_SPAN;
    else if (field === ATTRIBUTES && isReport) reported += reportedBy(value);
  }
  return { compactions: isReport ? reported : 1, fromUnixNs, toUnixNs, reports: isReport ? 1 : 0 };
}

/** The number in an attribute, if it is the one that says how many compactions are reported. */
function reportedBy(attribute: Uint8Array): number {
  let isCount = false;
  for (const { field, value } of wireFields(attribute)) {
    if (typeof value === 'bigint') continue;
    if (field === KEY) isCount = textOf(value) === NOT_RECORDED_COUNT;
    else if (field === VALUE && isCount) return Number(integerOf(value));
  }
  return 0;
}

function integerOf(value: Uint8Array): bigint {
  for (const { field, value: integer } of wireFields(value)) {
    if (field === INT && typeof integer === 'bigint') return integer;
  }
  return 0n;
}

function* messages(bytes: Uint8Array, wanted: number): Generator<Uint8Array> {
  for (const { field, value } of wireFields(bytes)) if (field === wanted && typeof value !== 'bigint') yield value;
}

const textOf = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.length).toString();

/** 0 for a field of another size. */
function fixed64(value: Exclude<WireField['value'], bigint>): bigint {
  if (value.length !== 8) return 0n;
  return new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0, true);
}
