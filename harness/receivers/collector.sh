#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs an OpenTelemetry Collector that prints all that it receives and keeps it in build/collector/: npm run collector
set -eu
cd "$(dirname "$0")/../.."
collector=$(harness/receivers/build.sh collector | cut -d= -f2)
mkdir -p build/collector
export COMPACTSTALL_SPANS_FILE=build/collector/spans.jsonl COMPACTSTALL_METRICS_FILE=build/collector/metrics.jsonl
export COMPACTSTALL_LOGS_FILE=build/collector/logs.jsonl
exec "$collector" --config otel-collector/debug.yaml
