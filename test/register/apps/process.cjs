// SPDX-License-Identifier: Apache-2.0
// Starts the SDK in the main thread, in a worker (WORKER=only), or in both (WORKER=too), with a check after each.
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { isMainThread, Worker } = require('node:worker_threads');
const api = require('@opentelemetry/api');
const check = require('./check.cjs').checker(api);

async function start(name) {
  require('./sdk.cjs');
  // The SDK's detectors wait for the host's id.
  await sleep(300);
  check(name);
}

async function main() {
  const worker = process.env.WORKER;
  check('before the SDK');
  if (worker !== 'only') await start('main');
  if (worker === undefined) return;
  await once(new Worker(__filename), 'exit');
  check('after the worker');
}
(isMainThread ? main() : start('worker')).then(() => process.exit());
