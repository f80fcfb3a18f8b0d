// SPDX-License-Identifier: Apache-2.0
// The ways in which a span becomes and stays active. Each check is compared with a reader outside.
const { EventEmitter, once } = require('node:events');
const { PassThrough, pipeline } = require('node:stream');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { checker } = require('./check.cjs');

exports.scenarios = async (api, workerFile) => {
  const { trace, context, ROOT_CONTEXT, TraceFlags } = api;
  const tracer = trace.getTracer('test');
  const check = checker(api);

  check('no span yet');
  await tracer.startActiveSpan('outer', async (outer) => {
    check('active span');
    tracer.startActiveSpan('inner', (inner) => {
      check('nested span');
      context.with(context.active(), () => check('same span entered again'));
      inner.end();
      check('nested span has ended, not left');
    });
    check('outer again');
    try {
      tracer.startActiveSpan('thrower', () => {
        check('before a throw');
        throw new Error('expected');
      });
    } catch {
      check('after a throw');
    }
    context.with(ROOT_CONTEXT, () => {
      check('root context inside a span');
      tracer.startActiveSpan('another root', () => check('span in the root context'));
      check('root context again');
    });
    check('outer after the root context');
    context.with(context.active().setValue(Symbol('other'), 1), () => check('another value, same span'));
    tracer.startActiveSpan('unsampled', () => check('unsampled span'));
    await null;
    check('after await');
    await sleep(2);
    check('after a timer promise');
    await new Promise((resolve) => setTimeout(() => resolve(check('in setTimeout')), 1));
    await new Promise((resolve) => setImmediate(() => resolve(check('in setImmediate'))));
    await new Promise((resolve) => process.nextTick(() => resolve(check('in nextTick'))));
    await new Promise((resolve) => queueMicrotask(() => resolve(check('in queueMicrotask'))));
    await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        tracer.startActiveSpan(`parallel ${i}`, async (span) => {
          for (let round = 0; round < 3; round++) {
            await sleep(1 + ((i + round) % 3));
            check(`parallel ${i}, round ${round}`);
          }
          span.end();
        }),
      ),
    );
    check('after Promise.all');
    await tracer.startActiveSpan('stream', async () => {
      const stream = new PassThrough();
      stream.on('data', () => check('in a stream'));
      stream.write('data');
      await new Promise((resolve) => pipeline(stream.end(), new PassThrough().resume(), resolve));
      check('after a stream');
    });
    const bound = context.bind(trace.setSpan(ROOT_CONTEXT, tracer.startSpan('bound')), () => check('bound function'));
    const emitter = context.bind(trace.setSpan(ROOT_CONTEXT, tracer.startSpan('emitter')), new EventEmitter());
    emitter.on('event', () => check('bound emitter'));
    bound();
    emitter.emit('event');
    setTimeout(bound, 1);
    await sleep(5);
    check('after what was bound');
    outer.end();
  });
  check('no span any more');

  const remote = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: TraceFlags.NONE,
  };
  context.with(trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }), () => check('remote span, flags 0'));
  const invalid = trace.setSpanContext(ROOT_CONTEXT, { ...remote, spanId: '0000000000000000' });
  tracer.startActiveSpan('around', () => context.with(invalid, () => check('invalid span')));
  if (context.attach) {
    const token = context.attach(trace.setSpan(ROOT_CONTEXT, tracer.startSpan('attached')));
    check('attached');
    token.dispose();
    check('detached');
  }
  if (workerFile) {
    await tracer.startActiveSpan('parent of a worker', async () => {
      const worker = new Worker(workerFile);
      worker.postMessage('go');
      await once(worker, 'exit');
      check('after the worker');
    });
  }
};
