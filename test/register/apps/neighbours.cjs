// SPDX-License-Identifier: Apache-2.0
// An application with OpenTelemetry's SDK that loads the modules in FIRST before, in their order. TRACER among them is dd-trace.
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const { isMainThread, Worker } = require('node:worker_threads');
const api = require('@opentelemetry/api');
const { checker } = require('./check.cjs');

const { FIRST, TRACER, SDK, WORKER } = process.env;
if (isMainThread) {
  for (const name of FIRST.split(' ').filter(Boolean)) {
    const loaded = require(name);
    if (name === TRACER) loaded.init();
  }
}

const check = checker(api);

async function openTelemetry() {
  require('./sdk.cjs');
  const tracer = api.trace.getTracer('test');
  await tracer.startActiveSpan('outer', async (outer) => {
    check('active span');
    await sleep(1);
    check('after a timer');
    tracer.startActiveSpan('inner', (inner) => {
      check('nested span');
      inner.end();
    });
    check('outer again');
    outer.end();
  });
  check('no span any more');
}

/** The active span of dd-trace. */
function datadog() {
  const tracer = require(TRACER);
  const spanContext = () => {
    const context = tracer.scope().active().context();
    return { traceId: context.toTraceId(true), spanId: context.toSpanId(true), traceFlags: 0 };
  };
  tracer.trace('other', () => checker({ trace: { getActiveSpan: () => ({ spanContext }) } })('span of dd-trace'));
}

/** An application without OpenTelemetry's SDK has no event after which one of two process contexts could go. */
async function oneProcessContext() {
  while (readFileSync('/proc/self/maps', 'latin1').match(/OTEL_CTX/g)?.length !== 1) await sleep(10);
  check('one process context');
}

async function main() {
  if (isMainThread && SDK === 'none') await oneProcessContext();
  else await openTelemetry();
  if (isMainThread && TRACER !== undefined) datadog();
  if (isMainThread && WORKER !== undefined) {
    await once(new Worker(__filename, { execArgv: [...process.execArgv, '--import', WORKER] }), 'exit');
    check('after the worker');
  }
}
main().then(() => process.exit());
