// SPDX-License-Identifier: Apache-2.0

/** A span of an application, as far as it says where and when it was. */
export interface ApplicationSpan {
  traceId: string;
  spanId: string;
  name: string;
  service: string;
  /** Nanoseconds since the epoch. */
  from: bigint;
  to: bigint;
  /** Those of its resource; absent where the tracer does not say them. */
  pid?: number;
  hostId?: string;
  hostName?: string;
  /** Those of the span. A tracer's number of a thread need not be the kernel's. */
  threadId?: number;
  threadName?: string;
}
