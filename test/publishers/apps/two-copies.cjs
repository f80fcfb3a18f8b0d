// SPDX-License-Identifier: Apache-2.0
// A Node.js service with OpenTelemetry's SDK and compactstall/register, which also has dd-trace. Each brings a variable of the
// same name. Each line of its input makes nine stalls in spans; the answer is as in spans.cjs. TRACER is the folder of dd-trace,
// FIRST is what is loaded first.
const { readlinkSync, writeFileSync } = require('node:fs');
const { basename } = require('node:path');
const { createInterface } = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');

const register = () => require('compactstall/register');
const tracer = () => require(process.env.TRACER).init();
for (const load of process.env.FIRST === 'register' ? [register, tracer] : [tracer, register]) load();

const { trace } = require('@opentelemetry/api');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const noExporter = {
  export: (_spans, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
};
new NodeSDK({ traceExporter: noExporter }).start();

const FILE = process.argv[2];
const SPANS = 9;
const tid = Number(basename(readlinkSync('/proc/thread-self')));

async function nine() {
  const stalls = [];
  const request = (number) =>
    trace.getTracer('two').startActiveSpan(`request ${number}`, async (span) => {
      await sleep(1);
      const { traceId, spanId } = span.spanContext();
      writeFileSync(FILE, '1');
      stalls.push({ pid: process.pid, tid, span: { traceId, spanId } });
      span.end();
    });
  await Promise.all(Array.from({ length: SPANS }, (_, number) => request(number)));
  return stalls;
}

(async () => {
  for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(await nine()));
  process.exit();
})();
