#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# @opentelemetry/otlp-transformer 0.301.0 (npm): over http/json, one attribute that is a large number makes the whole request invalid.
#
# A JavaScript number without a fraction becomes intValue, whatever its size, and 1e300 has no fraction. OTLP's intValue has 64 bits, so a receiver
# that reads JSON by protobuf's rules refuses the request, with all other spans of the batch. NaN and Infinity become doubleValue null, which is
# the same as no value. Over http/protobuf and grpc the same spans are fine: the number is a doubleValue there, and NaN is NaN. So what an
# application measures as a quotient or a product arrives or not by the protocol.
#
# Seen: a request of three spans, one with an attribute of 1e300, is read as protobuf (double 1e+300), and refused as JSON: value out of range. Without
# it the JSON is read, and NaN is absent.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @opentelemetry/otlp-transformer@0.301.0 @opentelemetry/sdk-trace@3.1.0 @opentelemetry/api@1.10.0 >npm.log 2>&1
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check opentelemetry-proto==1.36.0 protobuf==6.33.0
cat >write.mjs <<'END'
import { writeFileSync } from 'node:fs';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

for (const ratio of [1e300, 0.5]) {
  const spans = [];
  const exporter = { export: (some, done) => done({ code: 0 }, spans.push(...some)), shutdown: async () => {}, forceFlush: async () => {} };
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer('shop');
  for (const attributes of [{ items: 3 }, { ratio }, { ratio: Number.NaN }]) tracer.startSpan('order', { attributes }).end();
  await provider.forceFlush();
  writeFileSync(`${ratio}.json`, JsonTraceSerializer.serializeRequest(spans));
  writeFileSync(`${ratio}.bin`, ProtobufTraceSerializer.serializeRequest(spans));
}
END
timeout 60 node write.mjs
cat >read.py <<'END'
import sys
from google.protobuf.json_format import Parse, ParseError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as Request

def values(request):
    spans = [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    fields = [next((field.name for field, _ in span.attributes[0].value.ListFields()), None) for span in spans]
    return ' '.join('%s=%s' % (f, getattr(s.attributes[0].value, f)) if f else 'absent' for s, f in zip(spans, fields))

for name in ['1e+300', '0.5']:
    print(name, 'protobuf:', values(Request.FromString(open(name + '.bin', 'rb').read())))
    try:
        print(name, 'json:', values(Parse(open(name + '.json').read(), Request())))
    except ParseError as error:
        print(name, 'json: refused,', 'Value out of range' if 'Value out of range' in str(error) else error)
END
seen=$(timeout 60 venv/bin/python read.py)
echo "$seen"
[ "$seen" = '1e+300 protobuf: int_value=3 double_value=1e+300 double_value=nan
1e+300 json: refused, Value out of range
0.5 protobuf: int_value=3 double_value=0.5 double_value=nan
0.5 json: int_value=3 double_value=0.5 absent' ] || { echo 'the behaviour has changed'; exit 1; }
echo 'as described'
