#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ddtrace 4.16.0 (PyPI), with DD_TRACE_OTEL_CTX_ENABLED=false: it announces thread contexts that it does not publish.
#
# Each process with ddtrace describes itself in memory named OTEL_CTX (OTEP 4719), also how its threads publish their active spans:
# threadlocal.schema_version and threadlocal.attribute_key_map (OTEP 4947). The variable switches the spans off, but not the
# announcement. A reader that goes by the announcement takes every moment of the process for one outside of spans, and cannot tell
# its user that the tracer was told not to publish. dd-trace for Node.js has the same variable, and announces only what is on.
#
# Seen: announced with true and with false; within a span, the thread has a record with true, and none with false.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ddtrace==4.16.0
cat >"$folder/look.py" <<'END'
import ctypes, logging, os
logging.disable(logging.CRITICAL)
from ddtrace import tracer
from ddtrace.internal import native

def announced():
    """Whether the process context of this process says how its threads publish spans."""
    with open('/proc/self/maps') as maps:
        start = next(line for line in maps if 'OTEL_CTX' in line).split('-')[0]
    header = ctypes.string_at(int(start, 16), 32)
    assert header[:8] == b'OTEL_CTX'
    size, payload = int.from_bytes(header[12:16], 'little'), int.from_bytes(header[24:32], 'little')
    return b'threadlocal.schema_version' in ctypes.string_at(payload, size)

library = ctypes.CDLL(native._native.__file__)
with tracer.trace('work'):
    record = ctypes.c_void_p.in_dll(library, 'otel_thread_ctx_v1').value
    print(f'announced: {announced()}, published: {record is not None}', flush=True)
os._exit(0)  # The tracer would try for a while to reach an agent.
END
for enabled in true false; do
  # No agent is there, and none is needed: spans that cannot be sent are not what this is about.
  said=$(DD_TRACE_AGENT_URL=http://127.0.0.1:1 DD_INSTRUMENTATION_TELEMETRY_ENABLED=false DD_REMOTE_CONFIGURATION_ENABLED=false \
    DD_TRACE_OTEL_CTX_ENABLED=$enabled timeout 60 "$folder/venv/bin/python" "$folder/look.py")
  echo "DD_TRACE_OTEL_CTX_ENABLED=$enabled: $said"
  case $enabled in true) expected='published: True' ;; false) expected='published: False' ;; esac
  [ "$said" = "announced: True, $expected" ] || { echo 'the behaviour has changed'; exit 1; }
done
echo 'as described'
