#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The OpenTelemetry Collector 0.159.0 with tailsamplingprocessor v0.159.0 (Go): numeric_attribute does not see numbers with a fraction.
#
# The policy has min_value and max_value, and its bounds are integers. An attribute that is a doubleValue is not compared at all, whatever its
# value, and nobody is told: with invert_match, which keeps what is outside of the bounds, it is kept although it is within. OpenTelemetry's JavaScript
# sends 20 as an intValue and 20.5 as a doubleValue, so of one attribute some spans are sampled by their value and others are not. A condition of
# ottl_condition, such as attributes["ms"] >= 10.0, compares both.
#
# Seen, for bounds of 10 and 100: the span with the integer 20 is kept, that with 20.5 is not; inverted, 20.5 is kept and 20 is not. The condition keeps both.
set -eu
folder=$(mktemp -d)
collector=
trap '[ -z "$collector" ] || kill "$collector" 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >builder.yaml <<'END'
dist: {name: otelcol, version: 0.159.0, output_path: build}
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v0.159.0
processors:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor v0.159.0
exporters:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter v0.159.0
END
echo 'building a Collector, which takes some minutes' >&2
go run go.opentelemetry.io/collector/cmd/builder@v0.159.0 --config builder.yaml >build.log 2>&1 || { cat build.log; exit 1; }
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
cat >config.yaml <<END
receivers: {otlp: {protocols: {http: {endpoint: 127.0.0.1:$port}}}}
processors:
  tail_sampling/within:
    {decision_wait: 1s, policies: [{name: a, type: numeric_attribute, numeric_attribute: {key: ms, min_value: 10, max_value: 100}}]}
  tail_sampling/inverted:
    {decision_wait: 1s, policies: [{name: a, type: numeric_attribute, numeric_attribute: {key: ms, min_value: 10, max_value: 100, invert_match: true}}]}
  tail_sampling/condition:
    {decision_wait: 1s, policies: [{name: a, type: ottl_condition, ottl_condition: {error_mode: ignore, span: ['attributes["ms"] >= 10.0 and attributes["ms"] <= 100.0']}}]}
exporters: {file/within: {path: within}, file/inverted: {path: inverted}, file/condition: {path: condition}}
service:
  pipelines:
    traces/within: {receivers: [otlp], processors: [tail_sampling/within], exporters: [file/within]}
    traces/inverted: {receivers: [otlp], processors: [tail_sampling/inverted], exporters: [file/inverted]}
    traces/condition: {receivers: [otlp], processors: [tail_sampling/condition], exporters: [file/condition]}
  telemetry: {metrics: {level: none}}
END
./build/otelcol --config config.yaml >collector.log 2>&1 &
collector=$!
cat >send.py <<'END'
import json, sys, time
from urllib.error import URLError
from urllib.request import Request, urlopen

values = {'20': {'intValue': '20'}, '20.5': {'doubleValue': 20.5}, '5': {'intValue': '5'}, '5.5': {'doubleValue': 5.5}}
spans = [{'traceId': '%032x' % number, 'spanId': '%016x' % number, 'name': name, 'attributes': [{'key': 'ms', 'value': value}]}
         for number, (name, value) in enumerate(values.items(), 1)]
body = json.dumps({'resourceSpans': [{'scopeSpans': [{'spans': spans}]}]}).encode()
for _ in range(100):
    try:
        urlopen(Request('http://127.0.0.1:%s/v1/traces' % sys.argv[1], body, {'Content-Type': 'application/json'}))
        break
    except URLError:
        time.sleep(0.2)
END
timeout 60 python3 send.py "$port"
sleep 4
kill "$collector"
wait "$collector" || true
collector=
kept() { grep -o '"name":"[0-9.]*"' "$1" | sed 's/.*:"\(.*\)"/\1/' | sort | tr '\n' ' '; }
seen=$(for one in within inverted condition; do echo "$one: $(kept "$one")"; done)
echo "$seen"
[ "$seen" = 'within: 20 
inverted: 20.5 5 5.5 
condition: 20 20.5 ' ] || { echo 'the behaviour has changed'; exit 1; }
echo 'as described'
