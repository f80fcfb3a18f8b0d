#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ddapm-test-agent 1.69.1 (PyPI), an OTLP receiver for tests: a gRPC request of more than 1 MiB is answered with status OK.
#
# gRPC's own limit is 4 MiB, and a server that refuses a request usually says RESOURCE_EXHAUSTED. This server hands each gRPC
# request to its own HTTP endpoint, whose limit is 1 MiB. What that endpoint refuses comes back as OK, with a partial success
# that rejects every span. A client that reads the status only counts all of them as delivered.
#
# Seen: OK, rejected_spans 5000 of 5000, and the agent holds no span. A request of 100 spans: OK, rejected_spans 0, one request held.
set -eu
folder=$(mktemp -d)
agent=
trap 'test -z "$agent" || kill "$agent" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ddapm-test-agent==1.69.1 opentelemetry-proto==1.36.0
"$folder/venv/bin/python" - "$folder/ports" <<'END'
import socket, sys
held = [socket.create_server(('127.0.0.1', 0)) for _ in range(3)]
open(sys.argv[1], 'w').write(' '.join(str(one.getsockname()[1]) for one in held))
END
read -r apm http grpc <"$folder/ports" || :
"$folder/venv/bin/ddapm-test-agent" --host 127.0.0.1 --port "$apm" --otlp-http-port "$http" --otlp-grpc-port "$grpc" \
  --log-level CRITICAL --disable-llmobs-data-forwarding >"$folder/log" 2>&1 &
agent=$!
timeout 60 "$folder/venv/bin/python" - "$http" "$grpc" <<'END'
import json, sys, time, urllib.request
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

http, port = sys.argv[1:]
channel = grpc.insecure_channel(f'127.0.0.1:{port}')
grpc.channel_ready_future(channel).result(timeout=40)

def request(count):
    out = ExportTraceServiceRequest()
    spans = out.resource_spans.add().scope_spans.add().spans
    for i in range(1, count + 1):
        span = spans.add(trace_id=bytes(15) + b'\1', span_id=i.to_bytes(8, 'big'), name='stall')
        span.attributes.add(key='note').value.string_value = 'x' * 250
    return out

def held():
    with urllib.request.urlopen(f'http://127.0.0.1:{http}/test/session/traces') as answer:
        return len(json.load(answer))

for count, rejected, stored in ((5000, 5000, 0), (100, 0, 1)):
    message = request(count)
    answer = TraceServiceStub(channel).Export(message, timeout=30)  # raises on any status but OK
    found = (answer.partial_success.rejected_spans, held())
    print(f'{count} spans, {message.ByteSize()} bytes: OK, rejected_spans {found[0]}, requests held {found[1]}')
    assert found == (rejected, stored), 'the behaviour has changed'
END
echo 'as described'
