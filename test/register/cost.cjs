// SPDX-License-Identifier: Apache-2.0
// The cost of compactstall/register: the numbers of docs/register.md. The script runs itself with and without it, in turns.
//
//   node test/register/cost.cjs [--against OTHER/dist/register/index.js] [NODE [FLAG...]]
//
// With --against, another build of it takes turns too, and the last column is the share of its added cost.
const { execFileSync } = require('node:child_process');
const { pathToFileURL } = require('node:url');

const TURNS = 7;
const REGISTER = `${__dirname}/../../dist/register/index.js`;
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

function parent(words) {
  const other = words[0] === '--against' ? words.splice(0, 2)[1] : undefined;
  const [node = process.execPath, ...flags] = words;
  const builds = [undefined, REGISTER, ...(other === undefined ? [] : [other])];
  const turns = builds.map(() => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, build] of builds.entries()) {
      const args = build === undefined ? [] : ['--import', pathToFileURL(build).href];
      turns[i].push(JSON.parse(execFileSync(node, [...flags, ...args, __filename, '--child'], { encoding: 'utf8' })));
    }
  }
  console.log(execFileSync(node, ['--version'], { encoding: 'utf8' }).trim());
  for (const name of Object.keys(turns[0][0])) {
    const [without, ...withIt] = turns.map((results) => median(results.map((result) => result[name])));
    const [added, otherAdded] = withIt.map((value) => value - without);
    const columns = [without, ...withIt, added, ...(other === undefined ? [] : [otherAdded, added / otherAdded])];
    console.log(name.padEnd(50), ...columns.map((value) => value.toFixed(2).padStart(8)));
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
