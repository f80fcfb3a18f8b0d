// SPDX-License-Identifier: Apache-2.0
import type { TestContext } from 'node:test';
import type * as grpc from '@grpc/grpc-js';
import { OK } from '../sinks/otlp/grpc-server.ts';
import { type Answer, startUnaryServer } from '../unary-server.ts';
import { decodeMetrics, type WireMetric } from './wire.ts';

const PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

/** A real gRPC server for metrics only, stopped with the test. It calls `answer` with the number of each request. */
export async function startMetricsServer(
  t: TestContext,
  answer: (request: number) => Answer | Promise<Answer> = () => OK,
) {
  const seen = { requests: [] as Map<string, WireMetric>[], headers: [] as grpc.Metadata[] };
  const { port } = await startUnaryServer(t, PATH, (request, metadata) => {
    seen.headers.push(metadata);
    // A request without metrics is doctor's.
    seen.requests.push(request.length === 0 ? new Map() : decodeMetrics(request));
    return answer(seen.requests.length - 1);
  });
  return { port, ...seen };
}
