// SPDX-License-Identifier: Apache-2.0
// Says what the API takes for the active span, and waits until the test has read what a reader outside takes for it.
const { readSync, writeSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const never = new Int32Array(new SharedArrayBuffer(4));

exports.checker =
  ({ trace }) =>
  (name) => {
    const span = trace.getActiveSpan()?.spanContext();
    const active = span && { traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags };
    writeSync(1, `${JSON.stringify({ name, isMainThread, active })}\n`);
    for (;;) {
      try {
        readSync(0, Buffer.alloc(1));
        return;
      } catch (error) {
        // Loader hooks make it a stream that does not wait.
        if (error.code !== 'EAGAIN') throw error;
        Atomics.wait(never, 0, 0, 1);
      }
    }
  };
