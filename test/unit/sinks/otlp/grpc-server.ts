// SPDX-License-Identifier: Apache-2.0
import type * as grpc from '@grpc/grpc-js';
import { type Answer, startUnaryServer } from '../../unary-server.ts';
import { decodeRequest, encodeResponse, type WireSpan } from './wire.ts';

const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export type { Answer };
export const OK: Answer = { response: encodeResponse() };
/** The codes that ask for another try. */
export const RETRYABLE = [
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS',
  // Without a RetryInfo: so says a Collector without a queue whose backend throttles.
  'RESOURCE_EXHAUSTED',
] as const;

export interface TestServer {
  port: number;
  /** The spans of all requests that were answered without an error. */
  spans: WireSpan[];
  /** Serialized size of each request, refused ones included. */
  sizes: number[];
  metadata: grpc.Metadata[];
  /** The most requests that were open at the same time. */
  concurrency: number;
  stop(): Promise<void>;
}

/** A real gRPC server for spans, with default limits, stopped with the test. It calls `answer` with the number of each request. */
export async function startGrpcServer(
  t: { after(stop: () => Promise<void>): void },
  answer: (request: number) => Answer | Promise<Answer> = () => OK,
  { slow = 0, ...options }: { port?: number; credentials?: grpc.ServerCredentials; slow?: number } = {},
): Promise<TestServer> {
  const seen = { spans: [] as WireSpan[], sizes: [] as number[], metadata: [] as grpc.Metadata[], concurrency: 0 };
  let open = 0;
  const server = await startUnaryServer(
    t,
    PATH,
    async (request, metadata) => {
      seen.concurrency = Math.max(seen.concurrency, ++open);
      seen.sizes.push(request.length);
      seen.metadata.push(metadata);
      const result = await answer(seen.sizes.length - 1);
      if (slow > 0) await new Promise((resolve) => setTimeout(resolve, slow));
      open--;
      if ('response' in result) seen.spans.push(...decodeRequest(request));
      return result;
    },
    options,
  );
  return Object.assign(seen, server);
}
