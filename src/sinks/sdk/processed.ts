// SPDX-License-Identifier: Apache-2.0
import { type DataPoint, MetricReader } from '@opentelemetry/sdk-metrics';

/** The SDK's own count, of OpenTelemetry's conventions for SDKs: spans with which a processor has finished. */
const PROCESSED = 'otel.sdk.processor.span.processed';
const COMPONENT = 'otel.component.name';
const ERROR = 'error.type';

/** What became of the spans that an SDK was given. */
export interface Processed {
  exported: number;
  /** By the SDK's word for it, such as `queue_full`. */
  failed: Record<string, number>;
}

/** Reads what the SDK's span processors count of themselves. */
export class ProcessedReader extends MetricReader {
  /** The counts now: those of the processor that has exported least, when there are several. */
  async read(): Promise<Processed> {
    const { resourceMetrics } = await this.collect();
    const byComponent = new Map<unknown, Processed>();
    for (const { metrics } of resourceMetrics.scopeMetrics) {
      for (const { descriptor, dataPoints } of metrics) {
        if (descriptor.name !== PROCESSED) continue;
        for (const { attributes, value } of dataPoints as DataPoint<number>[]) {
          const counts = byComponent.get(attributes[COMPONENT]) ?? { exported: 0, failed: {} };
          byComponent.set(attributes[COMPONENT], counts);
          const error = attributes[ERROR];
          if (error === undefined) counts.exported += value;
          else counts.failed[`${error}`] = (counts.failed[`${error}`] ?? 0) + value;
        }
      }
    }
    const all = [...byComponent.values()].sort((a, b) => a.exported - b.exported);
    return all[0] ?? { exported: 0, failed: {} };
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}
