// SPDX-License-Identifier: Apache-2.0
/**
 * usage: node sdk-sender.ts EVENTS PER_SECOND COUNT: sends COUNT spans of the recorded events, in turns, with NodeSDK and the stock gRPC
 * exporter. With PER_SECOND 0 all at once. Prints `usage: N us`, its CPU time without the start.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import type { CompactionEvent } from '../src/event/event.ts';
import { spanParts } from '../src/sinks/sdk/span-parts.ts';
import { readEvents } from './agent.ts';

const TICK_MS = 50;
const TIMEOUT_MS = 120_000;
const [file, perSecond, count] = process.argv.slice(2) as [string, string, string];
const events = readEvents(file);
// A burst has to fit into the queue, and at the end all that is left is sent at once: a span that is dropped costs nothing.
const exporter = new OTLPTraceExporter({ concurrencyLimit: Number(count), timeoutMillis: TIMEOUT_MS });
const processor = new BatchSpanProcessor({ exporter, maxQueueSize: Number(count), exportTimeoutMillis: TIMEOUT_MS });
const sdk = new NodeSDK({ spanProcessors: [processor], instrumentations: [] });
sdk.start();
const tracer = trace.getTracer('compactstall');

function send(event: CompactionEvent): void {
  const { name, kind, startTime, endTime, attributes, events } = spanParts(event, 'event');
  const span = tracer.startSpan(name, { kind, startTime, attributes }, ROOT_CONTEXT);
  for (const one of events) span.addEvent(one.name, one.attributes, one.time);
  span.end(endTime);
}

const before = process.cpuUsage();
const beganMs = performance.now();
for (let sent = 0; sent < Number(count); ) {
  const due = perSecond === '0' ? Number(count) : ((performance.now() - beganMs) * Number(perSecond)) / 1000;
  for (; sent < due && sent < Number(count); sent++) send(events[sent % events.length]!);
  await sleep(TICK_MS);
}
await sdk.shutdown();
const { user, system } = process.cpuUsage(before);
console.error(`usage: ${user + system} us`);
