// SPDX-License-Identifier: Apache-2.0
import type { TestContext } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { type Answer, OK } from '../sinks/otlp/grpc-server.ts';
import { decodeMetrics, type WireMetric } from './wire.ts';

const PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const same = (bytes: Buffer) => bytes;

/** A real gRPC server for metrics only, stopped with the test. It calls `answer` with the number of each request. */
export async function startMetricsServer(
  t: TestContext,
  answer: (request: number) => Answer | Promise<Answer> = () => OK,
) {
  const seen = { port: 0, requests: [] as Map<string, WireMetric>[], headers: [] as grpc.Metadata[] };
  const server = new grpc.Server();
  const method = {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
  server.addService(
    { Export: method },
    {
      Export: async (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        seen.headers.push(call.metadata);
        // A request without metrics is doctor's.
        seen.requests.push(call.request.length === 0 ? new Map() : decodeMetrics(call.request));
        const result = await answer(seen.requests.length - 1);
        if ('response' in result) done(null, result.response);
        else done(result);
      },
    },
  );
  seen.port = await new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  t.after(() => server.forceShutdown());
  return seen;
}
