#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# @opentelemetry/sdk-metrics 3.1.1 and otlp-transformer 0.301.1 (npm): a measurement within a sampled span leaves no exemplar.
#
# The specification of the metrics SDK has exemplars as a stable part, on by default for measurements within sampled spans
# (OTEL_METRICS_EXEMPLAR_FILTER=trace_based), and OTLP carries them. The JavaScript SDK reads no such variable, its data points have no
# place for exemplars, and its OTLP serializer writes none, without a word: a dashboard's points lead to no trace.
# The SDK for Python, asked the same with its defaults, sends the span's ids with the point.
#
# Seen: the ids of the span are in Python's data point, and neither in that of JavaScript nor in its OTLP request.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" "node@npm:node-linux-$(node -p process.arch)@24.21.0" \
  @opentelemetry/api@1.10.0 @opentelemetry/sdk-metrics@3.1.1 @opentelemetry/otlp-transformer@0.301.1
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check opentelemetry-sdk==1.45.2
cat >"$folder/look.mjs" <<'END'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const inSpan = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 });
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter });
const histogram = new MeterProvider({ readers: [reader] }).getMeter('look').createHistogram('waited');
histogram.record(1, {}, inSpan);
await reader.forceFlush();
const [metrics] = exporter.getMetrics();
const [point] = metrics.scopeMetrics[0].metrics[0].dataPoints;
const request = new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(metrics));
const has = (text) => (text.includes(traceId) ? 'exemplar' : 'none');
console.log(`count ${point.value.count}, point: ${has(JSON.stringify(point))}, OTLP: ${has(request)}`);
await reader.shutdown();
END
cat >"$folder/look.py" <<'END'
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

trace_id = 0x0af7651916cd43dd8448eb211c80319c
span = trace.NonRecordingSpan(trace.SpanContext(trace_id, 0xb7ad6b7169203331, True, trace.TraceFlags(1)))
reader = InMemoryMetricReader()
histogram = MeterProvider([reader]).get_meter('look').create_histogram('waited')
histogram.record(1, context=trace.set_span_in_context(span))
[point] = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
found = any(exemplar.trace_id == trace_id for exemplar in point.exemplars)
print(f"count {point.count}, point: {'exemplar' if found else 'none'}")
END
javascript=$(timeout 60 "$folder/node_modules/node/bin/node" "$folder/look.mjs")
python=$(timeout 60 "$folder/venv/bin/python" "$folder/look.py")
echo "JavaScript: $javascript"
echo "Python: $python"
[ "$javascript" = 'count 1, point: none, OTLP: none' ] && [ "$python" = 'count 1, point: exemplar' ] || {
  echo 'the behaviour has changed'
  exit 1
}
echo 'as described'
