// SPDX-License-Identifier: Apache-2.0
// A CommonJS application. What stands in FIRST is what its first lines load.
for (const name of (process.env.FIRST ?? '').split(' ').filter(Boolean)) require(name);
const { isMainThread } = require('node:worker_threads');
const { scenarios } = require('./scenarios.cjs');

scenarios(require(process.env.API ?? '@opentelemetry/api'), isMainThread ? __filename : undefined).then(() =>
  process.exit(),
);
