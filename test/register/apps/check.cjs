// SPDX-License-Identifier: Apache-2.0
// Prints the API's active span, and waits until the test has read the active span from outside.
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
        // With loader hooks it is a stream that does not block.
        if (error.code !== 'EAGAIN') throw error;
        Atomics.wait(never, 0, 0, 1);
      }
    }
  };
