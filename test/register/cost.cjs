// SPDX-License-Identifier: Apache-2.0
// The cost of compactstall/register: the numbers of docs/register.md. The script runs itself with and without it, in turns.
//
//   node test/register/cost.cjs [NODE [FLAG...]]
const { execFileSync } = require('node:child_process');
const { pathToFileURL } = require('node:url');

const TURNS = 5;
const REGISTER = pathToFileURL(`${__dirname}/../../dist/register/index.js`).href;
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

function parent([node = process.execPath, ...flags]) {
  const turns = { without: [], with: [] };
  const run = (args) =>
    JSON.parse(execFileSync(node, [...flags, ...args, __filename, '--child'], { encoding: 'utf8' }));
  for (let turn = 0; turn < TURNS; turn++) {
    turns.without.push(run([]));
    turns.with.push(run(['--import', REGISTER]));
  }
  console.log(execFileSync(node, ['--version'], { encoding: 'utf8' }).trim());
  for (const name of Object.keys(turns.without[0])) {
    const [before, after] = [turns.without, turns.with].map((of) => median(of.map((result) => result[name])));
    console.log(
      `${name.padEnd(50)} ${before.toFixed(2).padStart(8)} ${after.toFixed(2).padStart(8)} ${(after - before).toFixed(2).padStart(8)}`,
    );
  }
}

async function child() {
  const started = performance.now();
  const rss = process.memoryUsage().rss / 1e6;
  require('./apps/sdk.cjs');
  const { context, trace, ROOT_CONTEXT } = require('@opentelemetry/api');
  const tracer = trace.getTracer('cost');
  const results = { 'start until main, ms': started, 'resident memory then, MB': rss };
  const measure = async (name, count, once) => {
    const rounds = [];
    for (let round = 0; round < 7; round++) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await once();
      rounds.push(((performance.now() - start) / count) * 1000);
    }
    results[`${name}, us`] = median(rounds);
  };
  const batch = (name, count, once) =>
    measure(name, 1, () => {
      for (let i = 0; i < count; i++) once();
    }).then(() => {
      results[`${name}, us`] /= count;
    });
  const nothing = () => {};
  const inSpan = trace.setSpan(ROOT_CONTEXT, tracer.startSpan('kept'));
  await batch('context.with, span seen before', 100_000, () => context.with(inSpan, nothing));
  await context.with(inSpan, () =>
    batch('context.with, same span again', 100_000, () => context.with(inSpan, nothing)),
  );
  await batch('startActiveSpan and end', 30_000, () => tracer.startActiveSpan('new', (span) => span.end()));
  await measure('request: 1 span, 5 children, 10 awaits', 3000, () =>
    tracer.startActiveSpan('request', async (span) => {
      for (let i = 0; i < 5; i++) {
        await tracer.startActiveSpan('child', async (child) => {
          await null;
          child.end();
        });
      }
      span.end();
    }),
  );
  console.log(JSON.stringify(results));
  process.exit();
}

if (process.argv[2] === '--child') child();
else parent(process.argv.slice(2));
