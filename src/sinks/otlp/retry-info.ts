// SPDX-License-Identifier: Apache-2.0
import protobuf from 'protobufjs/minimal.js';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';
const LENGTH_DELIMITED = 2;

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
function durationMs(retryInfo: Uint8Array | undefined): number {
  const reader = protobuf.Reader.create(messages(retryInfo ?? new Uint8Array(), 1)[0] ?? new Uint8Array());
  let ms = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 8) ms += Number(reader.int64()) * 1000;
    else if (tag === 16) ms += reader.int32() / 1e6;
    else reader.skipType(tag & 7);
  }
  return Math.max(ms, 0);
}

/** The length-delimited fields with this number. */
function messages(bytes: Uint8Array, field: number): Uint8Array[] {
  const reader = protobuf.Reader.create(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((field << 3) | LENGTH_DELIMITED)) found.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}
