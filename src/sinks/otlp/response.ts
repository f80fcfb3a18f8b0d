// SPDX-License-Identifier: Apache-2.0
import { fields, messages } from '../../protobuf/reader.ts';

/** What an ExportTraceServiceResponse or ExportMetricsServiceResponse says. A full success may have an empty `partial_success` as well. */
export interface PartialSuccess {
  rejected: number;
  message: string;
}

export const FULL_SUCCESS: PartialSuccess = { rejected: 0, message: '' };

/** @returns undefined where the bytes are neither of the two { partial_success = 1 } */
export function readResponse(bytes: Uint8Array): PartialSuccess | undefined {
  const partial = { ...FULL_SUCCESS };
  try {
    // { rejected_spans or rejected_data_points = 1, error_message = 2 }
    for (const { field, value } of messages(bytes, 1).flatMap((message) => [...fields(message)])) {
      if (field === 1 && typeof value === 'number') partial.rejected = value;
      if (field === 2 && typeof value !== 'number') partial.message = Buffer.from(value).toString();
    }
    return partial;
  } catch {
    return undefined;
  }
}

/** The same in OTLP's JSON encoding, with which some receivers answer any request. */
export function readJsonResponse(bytes: Uint8Array): PartialSuccess | undefined {
  try {
    const response = JSON.parse(Buffer.from(bytes).toString());
    if (typeof response !== 'object' || response === null || Array.isArray(response)) return undefined;
    const { partialSuccess, ...others } = response;
    if (Object.keys(others).length > 0) return undefined;
    const { rejectedSpans, rejectedDataPoints, errorMessage = '' } = partialSuccess ?? {};
    const rejected = Number(rejectedSpans ?? rejectedDataPoints ?? 0);
    return Number.isSafeInteger(rejected) ? { rejected, message: String(errorMessage) } : undefined;
  } catch {
    return undefined;
  }
}
