// SPDX-License-Identifier: Apache-2.0
import * as grpc from '@grpc/grpc-js';

/** The reply to a request: an answer, or an error. */
export type Answer = { response: Buffer } | { code: grpc.status; details: string; metadata?: grpc.Metadata };

const same = (bytes: Buffer) => bytes;

/** A real gRPC server with one method, which takes and returns bytes. It is stopped with the test. */
export async function startUnaryServer(
  t: { after(stop: () => Promise<void>): void },
  path: string,
  answer: (request: Buffer, metadata: grpc.Metadata) => Answer | Promise<Answer>,
  { port = 0, credentials = grpc.ServerCredentials.createInsecure() } = {},
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = new grpc.Server();
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
  server.addService(
    { method },
    {
      method: async (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        const result = await answer(call.request, call.metadata);
        if ('response' in result) done(null, result.response);
        else done(result);
      },
    },
  );
  const stop = () =>
    new Promise<void>((resolve) => {
      server.forceShutdown();
      setImmediate(resolve);
    });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  t.after(stop);
  return { port: bound, stop };
}
