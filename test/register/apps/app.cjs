// SPDX-License-Identifier: Apache-2.0
// A CommonJS application. Its first lines load the modules in FIRST.
for (const name of (process.env.FIRST ?? '').split(' ').filter(Boolean)) require(name);
const { isMainThread } = require('node:worker_threads');
const { scenarios } = require('./scenarios.cjs');

scenarios(require(process.env.API ?? '@opentelemetry/api'), isMainThread ? __filename : undefined).then(() =>
  process.exit(),
);
