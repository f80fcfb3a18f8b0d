// SPDX-License-Identifier: Apache-2.0
// A metric of your own: how long each service waited, through the ordinary OpenTelemetry SDK. As root, until Ctrl-C:
//
//   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node metric.js
import { metrics } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { compactions } from 'compactstall';

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());
process.once('SIGTERM', () => controller.abort());

// OTEL_METRICS_EXPORTER and others say where metrics go.
const sdk = new NodeSDK();
sdk.start();
const waited = metrics.getMeter('waits').createHistogram('service.waited', {
  unit: 's',
  description: 'Time that a service waited for memory compaction.',
});

const stalls = compactions({
  signal: controller.signal,
  onWarning: console.error,
  onAttached: () => console.log('attached'),
});
for await (const { resource, trigger, durationNano } of stalls) {
  const service = resource?.['service.name'] ?? 'the kernel';
  waited.record(durationNano / 1e9, { 'service.name': service, 'compaction.trigger': trigger });
}

await sdk.shutdown();
const { compactions: count, lost } = stalls.books();
console.log(`${count} compactions, lost: ${JSON.stringify(lost)}`);
