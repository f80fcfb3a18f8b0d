// SPDX-License-Identifier: Apache-2.0
import { fields, messages } from '../../protobuf/reader.ts';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** The delay of a google.rpc.RetryInfo in a status's details, in milliseconds; undefined when there is none. */
export function retryDelayMs(status: unknown): number | undefined {
  if (!(status instanceof Uint8Array)) return undefined;
  try {
    // google.rpc.Status.details = 3, each an Any { type_url = 1, value = 2 }
    for (const any of messages(status, 3)) {
      const type = messages(any, 1)[0];
      if (type !== undefined && Buffer.from(type).toString() === RETRY_INFO) return durationMs(messages(any, 2)[0]);
    }
  } catch {
    // Not a status: a server may put anything there.
  }
  return undefined;
}

/** RetryInfo.retry_delay = 1, a Duration { seconds = 1, nanos = 2 }. */
function durationMs(retryInfo: Uint8Array = new Uint8Array()): number {
  let ms = 0;
  for (const { field, value } of fields(messages(retryInfo, 1)[0] ?? new Uint8Array())) {
    if (typeof value !== 'number') continue;
    if (field === 1) ms += value * 1000;
    else if (field === 2) ms += value / 1e6;
  }
  return Math.max(ms, 0);
}
