// SPDX-License-Identifier: Apache-2.0
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { Batch, Outcome } from './outcome.ts';

/** A request that was accepted. What its answer says of rejected spans the stock exporters would only log. */
export function delivered(batch: Batch, answer: Uint8Array | undefined): Outcome {
  const partial = readPartialSuccess(answer);
  const rejected = Number(partial?.rejectedSpans ?? 0);
  // What a broken server says must not unbalance the books.
  const sane = Number.isFinite(rejected) ? Math.min(Math.max(Math.trunc(rejected), 0), batch.spans) : 0;
  return { kind: 'delivered', rejected: sane, message: partial?.errorMessage ?? '' };
}

function readPartialSuccess(answer: Uint8Array | undefined) {
  try {
    return answer && ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess;
  } catch {
    // Accepted all the same: the status said so.
    return undefined;
  }
}
