#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ddtrace 4.16.0 (PyPI), on Python before 3.14: in asyncio, the published thread context is that of another task.
#
# The tracer keeps the active span of each task right: tracer.current_span() is always the task's own. It also publishes the
# active span of each thread for readers outside of the process (OTEP 4947, the symbol otel_thread_ctx_v1). It publishes when a
# span is activated, and asyncio does not tell it when tasks are switched. So a profiler or an agent gives the work of one request
# to the request that came last. The record is valid; nothing in it tells a reader.
#
# Seen: after a switch back, the first task has its own span, and the record has the second task's. Without asyncio they agree.
set -eu
python3 -c 'import sys; sys.exit("this finding is about Python before 3.14" if sys.version_info >= (3, 14) else 0)'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ddtrace==4.16.0
# No agent is there, and none is needed: spans that cannot be sent are not what this is about.
DD_TRACE_AGENT_URL=http://127.0.0.1:1 DD_INSTRUMENTATION_TELEMETRY_ENABLED=false DD_REMOTE_CONFIGURATION_ENABLED=false \
  timeout 60 "$folder/venv/bin/python" - <<'END'
import asyncio, ctypes, logging, os
logging.disable(logging.CRITICAL)
from ddtrace import tracer
from ddtrace.internal import native

library = ctypes.CDLL(native._native.__file__)

def published():
    """The span id that a reader of this thread finds, or None."""
    record = ctypes.c_void_p.in_dll(library, 'otel_thread_ctx_v1').value
    data = ctypes.string_at(record, 28) if record else bytes(28)
    return int.from_bytes(data[16:24], 'big') if data[24] == 1 else None

def name(span_id, spans):
    return next((name for name, span in spans.items() if span.span_id == span_id), 'none')

async def main():
    spans, switched = {}, asyncio.Event()

    async def first():
        with tracer.trace('first') as spans['first']:
            await switched.wait()
            return tracer.current_span().span_id, published()

    async def second():
        with tracer.trace('second') as spans['second']:
            switched.set()
            await asyncio.sleep(0.1)

    (current, seen), _ = await asyncio.gather(first(), second())
    return name(current, spans), name(seen, spans)

with tracer.trace('alone') as alone:
    without = published() == alone.span_id
current, seen = asyncio.run(main())
print(f'without asyncio: the record has the active span: {without}')
print(f'in the first task: current_span() is of the {current} task, the record of the {seen} task')
assert (without, current, seen) == (True, 'first', 'second'), 'the behaviour has changed'
os._exit(0)  # The tracer would try for a while to reach an agent.
END
echo 'as described'
