// SPDX-License-Identifier: Apache-2.0
/**
 * Stalls inside their requests' traces: two services under load, compactstall, a real OpenTelemetry Collector and a real
 * Jaeger, from which the slowest requests are read back and printed. See examples/README.md.
 *
 *   npm run example                        on this host, as root; the services stall by hand
 *   npm run example -- --machine [KERNEL]  in an emulated machine, whose memory is fragmented
 *   npm run example -- --picture FILE      also draws a trace of the Node.js service: FILE.svg, from FILE.json
 *   npm run example -- --recording FILE    also keeps the agent's recording
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { waitUntil } from '../../harness/child.ts';
import { flattenSpans, type ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { type Jaeger, startCollectorWith, startJaeger } from '../../harness/receivers/receivers.ts';
import { duration } from '../../src/sinks/text/table.ts';
import { runInMachine } from './machine.ts';
import { tracePicture } from './picture.ts';
import { type Outcome, runScenario } from './scenario.ts';
import { SERVICES } from './services.ts';
import { Shutdown } from './shutdown.ts';
import { isStall, length, rootOf, stalledFor, traceTree } from './tree.ts';

const ARRIVAL_MS = 60_000;
const say = (text: string) => console.error(`example: ${text}`);
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

function readArguments() {
  const usage = new Error('usage: npm run example [-- [--machine [KERNEL]] [--picture FILE] [--recording FILE]]');
  const options = { machine: { type: 'boolean' }, picture: { type: 'string' }, recording: { type: 'string' } } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (positionals.length > (values.machine ? 1 : 0)) throw usage;
    return { values, kernel: positionals[0] };
  } catch {
    throw usage;
  }
}

async function main(shutdown: Shutdown): Promise<void> {
  const { values, kernel } = readArguments();
  // The shell's own settings do not apply here.
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];

  execFileSync('make', ['--silent', '-C', path('../c-service')], { stdio: 'inherit' });
  say('starting a collector and Jaeger; the first time they are built, which takes minutes');
  const jaeger = await startJaeger();
  shutdown.add(jaeger);
  const env = { JAEGER_OTLP_ENDPOINT: jaeger.endpoint };
  const collector = await startCollectorWith(path('collector.yaml'), {}, env);
  shutdown.add(collector);

  const endpoints = { grpc: collector.endpoint, http: collector.httpEndpoint };
  if (!values.machine)
    say('on this host: nothing is fragmented, so each request asks for a compaction by hand (manual)');
  const outcome = values.machine
    ? await runInMachine(kernel, { ...endpoints, direct: true, requests: 10 }, say)
    : await runScenario({ ...endpoints, direct: false, requests: 20 }, shutdown, say);

  if (values.recording) writeFileSync(values.recording, outcome.recording.map((line) => `${line}\n`).join(''));
  const traces = await tracesOf(jaeger, outcome);
  say(`the agent: ${outcome.books}`);
  say(
    `${outcome.stalls.length} stalls are in their requests' traces; ${outcome.roots} came before the agent knew which spans the service publishes`,
  );
  for (const { name, language, operation } of SERVICES) {
    const stalled = traces
      .get(name)!
      .filter((spans) => spans.some(isStall))
      .sort((a, b) => stalledFor(b) - stalledFor(a));
    const [longest] = stalled;
    if (!longest) throw new Error(`no ${operation} in ${language} stalled`);
    const all = traces.get(name)!.length;
    print(`${operation} in ${language}: ${stalled.length} of ${all} stalled`, longest);
    if (values.picture && name === SERVICES[0].name) await draw(values.picture, stalled, jaeger);
  }
}

/** The traces of all requests by service, as soon as Jaeger has them with all their stalls. */
async function tracesOf(jaeger: Jaeger, { requests, stalls }: Outcome): Promise<Map<string, ReceivedSpan[][]>> {
  const traces = new Map<string, ReceivedSpan[][]>();
  let missing = 0;
  await waitUntil(
    async () => {
      const found = new Set<string>();
      missing = 0;
      for (const { name, operation } of SERVICES) {
        const ids = (await jaeger.traces({ service: name, operation })).map(({ traceID }) => traceID);
        const all = await Promise.all(ids.map((id) => jaeger.spans(id)));
        for (const { span } of all.flat()) found.add(`${span.traceId} ${span.spanId}`);
        missing += requests[name]! - all.filter(rootOf).length;
        traces.set(name, all);
      }
      missing += stalls.filter(({ traceId, spanId }) => !found.has(`${traceId} ${spanId}`)).length;
      return missing === 0 || undefined;
    },
    ARRIVAL_MS,
    () => `Jaeger lacks ${missing} spans`,
  );
  return traces;
}

/** @param longest the request that was stalled longest */
function print(what: string, longest: readonly ReceivedSpan[]): void {
  console.log(`\n${what}, this one for ${duration(stalledFor(longest))}`);
  console.log(`trace ${longest[0]!.span.traceId}\n`);
  console.log(traceTree(longest).join('\n'));
}

/** The one that was stalled for the greatest part of its time. */
async function draw(file: string, stalled: readonly ReceivedSpan[][], jaeger: Jaeger): Promise<void> {
  const share = (spans: ReceivedSpan[]) => stalledFor(spans) / length(rootOf(spans)!);
  const [most] = stalled.toSorted((a, b) => share(b) - share(a));
  const traces = await jaeger.otlp(most![0]!.span.traceId);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.json`, `${JSON.stringify(traces, null, 1)}\n`);
  writeFileSync(`${file}.svg`, tracePicture(flattenSpans(traces)));
  say(`drew ${file}.svg from ${file}.json`);
}

const shutdown = new Shutdown();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, async () => {
    say(`ended by ${signal}`);
    await shutdown.now();
    process.exit(code);
  });
}
try {
  await main(shutdown);
  await shutdown.now();
  process.exit(0);
} catch (error) {
  // Perhaps something failed because Ctrl-C ended it. Ctrl-C comes to this process as well: the event loop handles it within
  // two turns.
  await nextTurn();
  await nextTurn();
  if (shutdown.over) await new Promise(() => {}); // The signal's handler exits.
  say((error as Error).message);
  await shutdown.now();
  process.exit(1);
}
