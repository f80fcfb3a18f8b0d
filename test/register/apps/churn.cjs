// SPDX-License-Identifier: Apache-2.0
// Many spans, whose records are garbage collected meanwhile, except the last ones, which end with the process.
require('./sdk.cjs');
const api = require('@opentelemetry/api');
const check = require('./check.cjs').checker(api);
const tracer = api.trace.getTracer('test');

async function main() {
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 999 }, () => tracer.startActiveSpan('one of many', async (span) => span.end())),
    );
    await tracer.startActiveSpan('checked', async (span) => {
      await null;
      check(`round ${round}`);
      span.end();
    });
  }
  check('no span any more');
}
main();
