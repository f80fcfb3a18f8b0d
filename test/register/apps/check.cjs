// SPDX-License-Identifier: Apache-2.0
// Says what the API takes for the active span, and waits until the test has read what a reader outside takes for it.
const { readSync, writeSync } = require('node:fs');

exports.checker =
  ({ trace }) =>
  (name) => {
    const span = trace.getActiveSpan()?.spanContext();
    const active = span && { traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags };
    writeSync(1, `${JSON.stringify({ name, active })}\n`);
    readSync(0, Buffer.alloc(1));
  };
