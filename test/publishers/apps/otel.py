# SPDX-License-Identifier: Apache-2.0
"""A Python service with OpenTelemetry's SDK, which publishes nothing. Each line of its input makes a stall in a span; the answer is
as in spans.py. With TITLE it changes its title, as gunicorn and celery do."""
import json
import os
import sys
import threading

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

FILE = sys.argv[1]
if "TITLE" in os.environ:
    import setproctitle

    setproctitle.setproctitle(os.environ["TITLE"])
trace.set_tracer_provider(TracerProvider())

for _ in sys.stdin:
    with trace.get_tracer("otel").start_as_current_span("work") as span:
        context = span.get_span_context()
        with open(FILE, "w") as file:
            file.write("1")
        ids = {"traceId": f"{context.trace_id:032x}", "spanId": f"{context.span_id:016x}"}
    print(json.dumps([{"pid": os.getpid(), "tid": threading.get_native_id(), "span": ids}]), flush=True)
