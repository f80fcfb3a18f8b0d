// SPDX-License-Identifier: Apache-2.0
// A Node.js service with dd-trace that stalls in its spans, in the main thread and in a worker. Each line of its input is a way
// of working; the answer is one line of JSON: the thread of each stall, and the span that the tracer says is active, in the order
// of each thread. TRACER is the folder of dd-trace.
const { readlinkSync, writeFileSync } = require('node:fs');
const { once } = require('node:events');
const { basename } = require('node:path');
const { createInterface } = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');

const tracer = require(process.env.TRACER).init();
const FILE = process.argv[2];
const ROUNDS = 3;
const tid = Number(basename(readlinkSync('/proc/thread-self')));
let stalls = [];

function stall() {
  const context = tracer.scope().active()?.context();
  writeFileSync(FILE, '1');
  const span = context ? { traceId: context.toTraceId(true), spanId: context.toSpanId(true) } : null;
  stalls.push({ pid: process.pid, tid, span });
}

const WAYS = {
  nested: async () => {
    await tracer.trace('outer', async () => {
      stall();
      await tracer.trace('inner', async () => {
        await sleep(1);
        stall();
      });
      stall();
    });
    stall();
  },
  interleaved: async () => {
    const request = (number) =>
      tracer.trace(`request ${number}`, async () => {
        for (let i = 0; i < ROUNDS; i++) {
          await sleep(1 + ((number + i) % 3));
          stall();
        }
      });
    await Promise.all([0, 1, 2].map(request));
  },
  // What a request with a sampled traceparent does: the decision comes with it.
  sampled: async () => {
    const traceparent = '00-0000000000000000000000000000abcd-000000000000beef-01';
    const childOf = tracer.extract('http_headers', { traceparent });
    await tracer.trace('request', { childOf }, async () => {
      await sleep(1);
      stall();
    });
  },
  // Work that goes on after its span has ended.
  late: async () => {
    let late;
    await tracer.trace('over', async () => {
      late = sleep(20).then(() => {
        writeFileSync(FILE, '1');
        stalls.push({ pid: process.pid, tid, span: null });
      });
    });
    await late;
  },
  ends: async () => {
    await tracer.trace('last', async () => {
      await null;
      stall();
      process.stdout.write(`${JSON.stringify(stalls)}\n`, () => process.exit());
      await new Promise(() => {});
    });
  },
};

async function answer(way) {
  stalls = [];
  await WAYS[way]();
  return stalls;
}

async function serve() {
  const worker = new Worker(__filename, { argv: process.argv.slice(2) });
  for await (const line of createInterface({ input: process.stdin })) {
    const [where, way] = line.split(' ');
    if (where === 'worker') {
      worker.postMessage(way);
      console.log(JSON.stringify((await once(worker, 'message'))[0]));
    } else {
      console.log(JSON.stringify(await answer(way)));
    }
  }
  process.exit();
}

if (isMainThread) serve();
else parentPort.on('message', async (way) => parentPort.postMessage(await answer(way)));
