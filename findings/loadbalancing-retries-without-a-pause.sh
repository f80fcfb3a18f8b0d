#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The OpenTelemetry Collector 0.159.0 with loadbalancingexporter v0.159.0 (Go): with retry_on_failure it tries again without a pause.
#
# The exporter's own retry_on_failure is off by default, and switched on with `enabled: true`, as its README says. Other exporters then wait 5 s
# and more between tries. This one has no defaults for the intervals, so they are 0 s. As each try sends the whole request to all backends, those
# that are there get their part again thousands of times while one is away. So one wants initial_interval, max_interval, multiplier and
# randomization_factor in the configuration.
#
# Seen: 60 000 tries in 5 s for one request to a port that nobody listens on; with initial_interval: 5s, at most 3.
set -eu
folder=$(mktemp -d)
collector=
trap '[ -z "$collector" ] || kill "$collector" 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >builder.yaml <<'END'
dist: {name: otelcol, version: 0.159.0, output_path: build}
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v0.159.0
exporters:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/loadbalancingexporter v0.159.0
END
echo 'building a Collector, which takes some minutes' >&2
go run go.opentelemetry.io/collector/cmd/builder@v0.159.0 --config builder.yaml >build.log 2>&1 || { cat build.log; exit 1; }
ports=$(python3 -c 'import socket; held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]; print(*[one.getsockname()[1] for one in held])')
receives=${ports% *} nobody=${ports#* }

# Prints how often a request is tried in 5 s, with these settings of retry_on_failure.
tries() {
  cat >config.yaml <<END
receivers:
  otlp: {protocols: {http: {endpoint: 127.0.0.1:$receives}}}
exporters:
  loadbalancing:
    resolver: {static: {hostnames: [127.0.0.1:$nobody]}}
    protocol: {otlp: {tls: {insecure: true}, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}}
    retry_on_failure: {enabled: true$1}
    sending_queue: {enabled: true}
service:
  pipelines: {traces: {receivers: [otlp], exporters: [loadbalancing]}}
  telemetry: {metrics: {level: none}, logs: {sampling: {enabled: false}}}
END
  : >log # that of the run before says that it is ready
  timeout -k 5 60 build/otelcol --config config.yaml >log 2>&1 &
  collector=$!
  timeout 30 sh -c 'until grep -q "Everything is ready" log; do sleep 0.2; done'
  python3 - "$receives" <<'END'
import json, sys, urllib.request
span = {'traceId': '1' * 32, 'spanId': '1' * 16, 'name': 'x', 'startTimeUnixNano': '1', 'endTimeUnixNano': '2'}
body = json.dumps({'resourceSpans': [{'scopeSpans': [{'spans': [span]}]}]}).encode()
headers = {'content-type': 'application/json'}
urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{sys.argv[1]}/v1/traces', body, headers), timeout=10)
END
  sleep 5
  kill "$collector"
  wait "$collector" || true
  collector=
  grep -c 'Will retry the request' log || true
}

default=$(tries '')
paused=$(tries ', initial_interval: 5s, max_interval: 30s, multiplier: 1.5, randomization_factor: 0.5')
echo "by default: $default tries in 5 s; with initial_interval: $paused"
[ "$default" -gt 100 ] && [ "$paused" -le 3 ] || { echo 'the behaviour has changed'; exit 1; }
echo 'as described'
