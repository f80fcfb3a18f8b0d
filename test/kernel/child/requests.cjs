// SPDX-License-Identifier: Apache-2.0
// A Node.js service that handles requests at the same time, in the main thread and in workers. Each line of its input is a
// number of requests for each thread. Each request has a span, and stalls at a place where Node.js resumes it; at the end
// each thread stalls outside of spans. The answer is JSON: the thread and span of each stall, in the order of each thread.
const { createReadStream, readFile, readlinkSync, writeFileSync } = require('node:fs');
const { once } = require('node:events');
const { basename } = require('node:path');
const { createInterface } = require('node:readline');
const { Transform } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { setTimeout: sleep } = require('node:timers/promises');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');

const WORKERS = 2;
const FILE = process.argv[2];
const exporter = {
  export: (_spans, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
};

exports.serve = async (main, { trace }, { NodeSDK }) => {
  new NodeSDK({ traceExporter: exporter }).start();
  const tracer = trace.getTracer('requests');
  const thread = Number(basename(readlinkSync('/proc/thread-self')));
  let stalls = [];
  const stall = (span) => {
    writeFileSync(FILE, '1');
    const { traceId, spanId } = span?.spanContext() ?? {};
    stalls.push({ thread, ...(span && { span: { traceId, spanId } }) });
  };
  const called = (call) => new Promise((resolve) => call(resolve));

  const WAYS = {
    'after await': async (span) => {
      await Promise.resolve();
      stall(span);
    },
    'in a timer': (span) => called((resolve) => setTimeout(() => resolve(stall(span)), 1)),
    'in an interval': async (span) => {
      let interval;
      await called((resolve) => {
        interval = setInterval(() => resolve(stall(span)), 1);
      });
      clearInterval(interval);
    },
    'in an immediate': (span) => called((resolve) => setImmediate(() => resolve(stall(span)))),
    'in the next tick': (span) => called((resolve) => process.nextTick(() => resolve(stall(span)))),
    'in a microtask': (span) => called((resolve) => queueMicrotask(() => resolve(stall(span)))),
    'after a file': (span) => called((resolve) => readFile(__filename, () => resolve(stall(span)))),
    'in a stream': (span) => {
      const transform = (chunk, _encoding, done) => done(null, stall(span) ?? chunk);
      return pipeline(createReadStream(__filename), new Transform({ transform }), async (chunks) => {
        for await (const _ of chunks) stall(span);
      });
    },
    'in a generator': async (span) => {
      for await (const _ of (async function* () {
        await sleep(1);
        stall(span);
        yield;
      })())
        stall(span);
    },
    'in a span within, and after it': async (span) => {
      await tracer.startActiveSpan('within', async (within) => {
        await sleep(1);
        stall(within);
        within.end();
      });
      stall(span);
    },
  };

  const handle = (number) =>
    tracer.startActiveSpan(`request ${number}`, async (span) => {
      await sleep(Math.random() * 20);
      const ways = Object.values(WAYS);
      await ways[number % ways.length](span);
      await sleep(1);
      span.end();
    });
  const handleAll = async (count) => {
    stalls = [];
    await Promise.all(Array.from({ length: count }, (_, number) => handle(number)));
    stall();
    return stalls;
  };

  if (!isMainThread) {
    parentPort.on('message', async (count) => parentPort.postMessage(await handleAll(count)));
    return;
  }
  const workers = Array.from({ length: WORKERS }, () => new Worker(main, { argv: [FILE] }));
  for await (const line of createInterface({ input: process.stdin })) {
    const answers = workers.map((worker) => once(worker, 'message'));
    for (const worker of workers) worker.postMessage(Number(line));
    const own = await handleAll(Number(line));
    console.log(JSON.stringify([own, ...(await Promise.all(answers)).flat()].flat()));
  }
  process.exit();
};

if (require.main === module) {
  require('compactstall/register');
  exports.serve(__filename, require('@opentelemetry/api'), require('@opentelemetry/sdk-node'));
}
