// SPDX-License-Identifier: Apache-2.0
// Sends a recording with the stock OpenTelemetry SDK: node child-stock-sdk.ts FILE, configured by OTEL_*.
import { readFileSync } from 'node:fs';
import { type Attributes, type HrTime, SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { CompactionEvent } from '../../src/event/event.ts';
import { VERSION } from '../../src/version.ts';
import { parseLines } from '../support/agent.ts';

/** The table of the documentation again, without any code of the agent. */
function attributesOf(event: CompactionEvent): Attributes {
  return {
    'compaction.trigger': event.trigger,
    'compaction.status': event.status,
    'compaction.node': event.node,
    'compaction.zone': event.zone,
    'compaction.order': event.order,
    'compaction.mode': event.mode,
    'compaction.gfp_flags': event.gfp.join('|') || undefined,
    'compaction.priority': event.priority,
    'compaction.attempt': event.attempt,
    'compaction.watermark.min': event.watermark.min,
    'compaction.watermark.low': event.watermark.low,
    'compaction.watermark.high': event.watermark.high,
    'compaction.free_pages.begin': event.begin.free,
    'compaction.free_pages.end': event.end.free,
    'compaction.fragmentation_index.begin': event.begin.index ?? undefined,
    'compaction.fragmentation_index.end': event.end.index ?? undefined,
    'compaction.free_blocks.begin': event.begin.blocks,
    'compaction.free_blocks.end': event.end.blocks,
    'compaction.pages_scanned.migrate': event.scanned.migrate,
    'compaction.pages_scanned.free': event.scanned.free,
    'compaction.cgroup.id': event.cgroupId,
    'process.pid': event.pid,
    'process.executable.name': event.executable,
    'thread.id': event.tid,
    'thread.name': event.comm,
    'cpu.logical_number': event.cpu,
    'container.id': event.container,
  };
}

const SECOND = 1_000_000_000n;
const hrTime = (nanos: bigint): HrTime => [Number(nanos / SECOND), Number(nanos % SECOND)];

let current: CompactionEvent;
// With a protocol the SDK chooses an exporter by the environment; its own default would be HTTP.
const { OTEL_EXPORTER_OTLP_PROTOCOL: protocol } = process.env;
const sdk = new NodeSDK({
  ...(protocol ? {} : { traceExporter: new OTLPTraceExporter() }),
  // A name that the environment can still change; the option `serviceName` would beat the environment.
  resource: defaultResource().merge(resourceFromAttributes({ 'service.name': 'compactstall' })),
  idGenerator: { generateTraceId: () => current.traceId, generateSpanId: () => current.spanId },
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

const tracer = trace.getTracer('compactstall', VERSION);
for (const event of parseLines(readFileSync(process.argv[2]!, 'utf8'))) {
  current = event;
  const start = BigInt(event.startUnixNano);
  const end = hrTime(start + BigInt(event.durationNano));
  const options = { kind: SpanKind.INTERNAL, startTime: hrTime(start), attributes: attributesOf(event) };
  const span = tracer.startSpan(`compaction ${event.trigger}`, options);
  if (event.stack.length > 0) span.addEvent('kernel.stack', { 'code.stacktrace': event.stack.join('\n') }, end);
  span.end(end);
}
await sdk.shutdown();
