// SPDX-License-Identifier: Apache-2.0
import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base';
import {
  type IExporterMetricsHelper,
  type IExportTraceServiceResponse,
  type ISerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import type { Batch, Collector, Outcome } from './outcome.ts';

export type BatchDelegate = IOtlpExportDelegate<Batch>;

export const METRICS: IExporterMetricsHelper<Batch> = { name: 'span', countItems: (batch) => batch.spans };

/**
 * The stock exporters' machinery (connection, headers, compression, TLS, timeout), made to carry bytes that are already
 * serialized, so that trying again costs nothing, and to hand over the collector's answer, which it would only log: a
 * partial success says how many spans were rejected.
 */
export function createCollector(
  endpoint: string,
  make: (serializer: ISerializer<Batch, IExportTraceServiceResponse>) => BatchDelegate,
  failure: (error: unknown) => Outcome,
): Collector {
  let answer: IExportTraceServiceResponse | undefined;
  const delegate = make({
    serializeRequest: (batch) => batch.bytes,
    deserializeResponse: (bytes) => {
      answer = ProtobufTraceSerializer.deserializeResponse(bytes);
      return answer;
    },
  });
  return {
    endpoint,
    send: (batch) =>
      new Promise((resolve) => {
        answer = undefined;
        delegate.export(batch, ({ error }) => resolve(error ? failure(error) : delivered(batch, answer)));
      }),
    // It waits for the request in flight first; nobody needs to wait for that.
    close: () => void delegate.shutdown().catch(() => {}),
  };
}

function delivered(batch: Batch, answer: IExportTraceServiceResponse | undefined): Outcome {
  const rejected = Number(answer?.partialSuccess?.rejectedSpans ?? 0);
  // What a broken server says must not unbalance the books.
  const sane = Number.isFinite(rejected) ? Math.min(Math.max(Math.trunc(rejected), 0), batch.spans) : 0;
  return { kind: 'delivered', rejected: sane, message: answer?.partialSuccess?.errorMessage ?? '' };
}
