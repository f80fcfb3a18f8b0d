# SPDX-License-Identifier: Apache-2.0
"""A Python service with ddtrace that stalls in its spans. Each line of its input is a way of working; the answer is one line of
JSON: the thread, and the span that ddtrace says is active, of each stall, in the order of each thread."""
import asyncio
import json
import logging
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from ddtrace.constants import AUTO_KEEP
from ddtrace.trace import Context, tracer

# Nobody takes its spans.
logging.getLogger("ddtrace").setLevel(logging.CRITICAL)
FILE = sys.argv[1]
ROUNDS = 3
stalls = []
# Each child runs until its pipe is closed.
children = []


def stall():
    # A span, or that of a caller in another process.
    span = tracer.context_provider.active()
    with open(FILE, "w") as file:
        file.write("1")
    ids = {"traceId": f"{span.trace_id:032x}", "spanId": f"{span.span_id:016x}"} if span else None
    stalls.append({"pid": os.getpid(), "tid": threading.get_native_id(), "span": ids})


def nested():
    with tracer.trace("outer"):
        stall()
        with tracer.trace("inner"):
            stall()
        stall()
    stall()


def in_threads():
    together = threading.Barrier(3)

    def work():
        for _ in range(ROUNDS):
            with tracer.trace("work"):
                together.wait()
                stall()
        stall()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_pool():
    def task(_):
        with tracer.trace("task"):
            stall()

    with tracer.trace("submits"), ThreadPoolExecutor(3) as pool:
        list(pool.map(task, range(9)))


def sampled():
    # What a request with a sampled traceparent does: the decision comes with it.
    before = tracer.context_provider.active()
    tracer.context_provider.activate(Context(trace_id=(1 << 100) + 7, span_id=9, sampling_priority=AUTO_KEEP))
    stall()
    with tracer.trace("request"):
        stall()
    tracer.context_provider.activate(before)


def in_asyncio():
    async def task():
        with tracer.trace("task"):
            for _ in range(ROUNDS):
                await asyncio.sleep(0.001)
                stall()

    async def all_tasks():
        await asyncio.gather(*(task() for _ in range(4)))

    asyncio.run(all_tasks())


def forked():
    """A child works in the span that it inherited, and in one of its own. It ends with the next line of input."""
    answer, answered = os.pipe()
    end, running = os.pipe()
    with tracer.trace("forks"):
        if os.fork() == 0:
            os.close(running)
            stall()
            with tracer.trace("child"):
                stall()
            os.write(answered, json.dumps(stalls).encode())
            os.read(end, 1)
            os._exit(0)
        stalls.extend(json.loads(os.read(answer, 65536)))
    children.append(running)


def ends():
    with tracer.trace("last"):
        stall()
        print(json.dumps(stalls), flush=True)
        os._exit(0)


WAYS = {way.__name__: way for way in (nested, in_threads, in_pool, sampled, in_asyncio, forked, ends)}
for line in sys.stdin:
    stalls.clear()
    while children:
        os.close(children.pop())
    WAYS[line.strip()]()
    print(json.dumps(stalls), flush=True)
