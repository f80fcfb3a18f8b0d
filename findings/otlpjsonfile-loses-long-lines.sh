#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The OpenTelemetry Collector 0.159.0 with otlpjsonfilereceiver v0.158.0 (Go): a request of more than 1 MiB in a file is lost without a word.
#
# The receiver reads what the Collector's own file exporter writes: one request a line, of any length. It cuts lines at max_log_size, which is
# 1 MiB by default, and neither part is JSON then. The log at its usual level says nothing of it, and the exit code is 0. So one wants either
# shorter lines, or a larger max_log_size.
#
# Seen: of a file with a line of 1.2 MB and one of 200 bytes, 1 of 1001 spans arrives. With max_log_size: 4MiB, all 1001 do.
set -eu
folder=$(mktemp -d)
collector=
trap '[ -z "$collector" ] || kill "$collector" 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >builder.yaml <<'END'
dist: {name: otelcol, version: 0.159.0, output_path: build}
receivers:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/receiver/otlpjsonfilereceiver v0.158.0
exporters:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter v0.159.0
END
echo 'building a Collector, which takes some minutes' >&2
go run go.opentelemetry.io/collector/cmd/builder@v0.159.0 --config builder.yaml >build.log 2>&1 || { cat build.log; exit 1; }

python3 - <<'END'
import json
def request(spans):
    return json.dumps({'resourceSpans': [{'scopeSpans': [{'spans': spans}]}]})
def span(number, text):
    times = {'startTimeUnixNano': '1', 'endTimeUnixNano': '2'}
    return {'traceId': '%032x' % number, 'spanId': '%016x' % number, 'name': text, **times}
long = request([span(i, 'x' * 1000) for i in range(1, 1001)])
assert 2**20 < len(long) < 2**21
with open('spans.jsonl', 'w') as file:
    file.write(long + '\n' + request([span(5000, 'short')]) + '\n')
END

# Prints how many spans of the file arrive, with this setting of the receiver.
arrived() {
  cat >config.yaml <<END
receivers:
  otlpjsonfile: {include: [$folder/spans.jsonl], start_at: beginning$1}
exporters:
  file: {path: $folder/out.jsonl}
service:
  pipelines: {traces: {receivers: [otlpjsonfile], exporters: [file]}}
  telemetry: {metrics: {level: none}}
END
  rm -f out.jsonl
  timeout 60 build/otelcol --config config.yaml >log 2>&1 &
  collector=$!
  sleep 5 # it has read the file in much less
  kill "$collector"
  wait "$collector"
  collector=
  if grep -q '	error	' log; then echo 'the Collector says something' >&2; fi
  grep -o '"spanId"' out.jsonl | wc -l
}

default=$(arrived '')
larger=$(arrived ', max_log_size: 4MiB')
echo "default: $default of 1001 spans; with max_log_size of 4 MiB: $larger"
[ "$default" = 1 ] && [ "$larger" = 1001 ] || { echo 'the behaviour has changed'; exit 1; }
echo 'as described'
