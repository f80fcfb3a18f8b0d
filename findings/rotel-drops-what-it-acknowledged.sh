#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rotel 0.0.1a15 (PyPI), an OTLP agent that forwards: a request with many more spans than its batch size is acknowledged, then dropped.
#
# The OpenTelemetry Collector's batch processor splits a large request into batches. rotel splits, too, but only a bounded number of times, and
# drops what is left. Its answer to the client is OK with no partial success: the sender's books say that all spans were delivered.
#
# Seen with --batch-max-size 500: 5000 spans in one request are answered OK, and none is forwarded. 400 spans are forwarded, all of them.
set -eu
folder=$(mktemp -d)
agent= sink=
trap 'for one in $agent $sink; do kill "$one" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check rotel==0.0.1a15 opentelemetry-proto==1.36.0 grpcio==1.76.0
"$folder/venv/bin/python" - "$folder/ports" <<'END'
import socket, sys
held = [socket.create_server(('127.0.0.1', 0)) for _ in range(3)]
open(sys.argv[1], 'w').write(' '.join(str(one.getsockname()[1]) for one in held))
END
read -r grpc http out <"$folder/ports" || :
# Where rotel forwards to: counts the spans of each request.
"$folder/venv/bin/python" - "$out" "$folder/counts" <<'END' &
import sys
from concurrent.futures import ThreadPoolExecutor
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceServicer, add_TraceServiceServicer_to_server

class Sink(TraceServiceServicer):
    def Export(self, message, context):
        count = sum(len(s.spans) for r in message.resource_spans for s in r.scope_spans)
        with open(sys.argv[2], 'a') as counts:
            counts.write(f'{count}\n')
        return ExportTraceServiceResponse()

server = grpc.server(ThreadPoolExecutor(1))
add_TraceServiceServicer_to_server(Sink(), server)
server.add_insecure_port(f'127.0.0.1:{sys.argv[1]}')
server.start()
server.wait_for_termination()
END
sink=$!
agent_program=$(find "$folder/venv" -name rotel-agent -type f)
"$agent_program" start --otlp-grpc-endpoint "127.0.0.1:$grpc" --otlp-http-endpoint "127.0.0.1:$http" --exporter otlp \
  --otlp-exporter-protocol grpc --otlp-exporter-endpoint "http://127.0.0.1:$out" --otlp-exporter-compression none \
  --otlp-grpc-max-recv-msg-size-mib 64 --batch-max-size 500 --batch-timeout 100ms \
  --pid-file "$folder/pid" >"$folder/log" 2>&1 &
agent=$!
timeout 90 "$folder/venv/bin/python" - "$grpc" "$folder/counts" <<'END'
import os, sys, time
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

port, counts = sys.argv[1:]
channel = grpc.insecure_channel(f'127.0.0.1:{port}')
grpc.channel_ready_future(channel).result(timeout=40)

def forwarded():
    return sum(map(int, open(counts))) if os.path.exists(counts) else 0

for count, expected in ((5000, 0), (400, 400)):
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    for i in range(1, count + 1):
        spans.add(trace_id=bytes(15) + b'\1', span_id=i.to_bytes(8, 'big'), name='stall')
    before = forwarded()
    answer = TraceServiceStub(channel).Export(message, timeout=30)  # raises on any status but OK
    time.sleep(3)  # many batch time-outs
    found = forwarded() - before
    print(f'{count} spans: OK, rejected_spans {answer.partial_success.rejected_spans}, forwarded {found}')
    assert (answer.partial_success.rejected_spans, found) == (0, expected), 'the behaviour has changed'
END
echo 'as described'
