// SPDX-License-Identifier: Apache-2.0
import * as grpc from '@grpc/grpc-js';
import { decodeRequest, encodeResponse, type WireSpan } from './wire.ts';

const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** The reply to a request: an answer, or an error. */
export type Answer = { response: Buffer } | { code: grpc.status; details: string; metadata?: grpc.Metadata };
export const OK: Answer = { response: encodeResponse() };

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

/** A real gRPC server with default limits, stopped with the test. It calls `answer` with the number of each request. */
export async function startGrpcServer(
  t: { after(stop: () => Promise<void>): void },
  answer: (request: number) => Answer | Promise<Answer> = () => OK,
  { port = 0, credentials = grpc.ServerCredentials.createInsecure(), slow = 0 } = {},
): Promise<TestServer> {
  const server = new grpc.Server();
  const same = (bytes: Buffer) => bytes;
  const method = {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
  let open = 0;
  const state: TestServer = {
    port,
    spans: [],
    sizes: [],
    metadata: [],
    concurrency: 0,
    stop: () =>
      new Promise((resolve) => {
        server.forceShutdown();
        setImmediate(resolve);
      }),
  };
  server.addService(
    { Export: method },
    {
      Export: async (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        state.concurrency = Math.max(state.concurrency, ++open);
        state.sizes.push(call.request.length);
        state.metadata.push(call.metadata);
        const result = await answer(state.sizes.length - 1);
        if (slow > 0) await new Promise((resolve) => setTimeout(resolve, slow));
        open--;
        if (!('response' in result)) return done(result);
        state.spans.push(...decodeRequest(call.request));
        done(null, result.response);
      },
    },
  );
  state.port = await new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  t.after(state.stop);
  return state;
}
