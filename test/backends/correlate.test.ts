// SPDX-License-Identifier: Apache-2.0
// compactstall correlate: a service whose tracer publishes nothing, real compactions, and its spans from a real Collector and a real Jaeger.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePorts, waitUntil } from '../../harness/child.ts';
import { endsWithTests } from '../../harness/ends-with-tests.ts';
import { COMPACT_NODE0 } from '../../harness/host.ts';
import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { type Jaeger, startCollector, startJaeger } from '../../harness/receivers/receivers.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, parseLines, runToEnd } from '../support/agent.ts';

const DEADLINE_MS = 60_000;
const APP = fileURLToPath(new URL('child-untold.mjs', import.meta.url));
const COMPACTSTALL = fileURLToPath(new URL('../../dist/bin/compactstall.js', import.meta.url));
const REGISTER = fileURLToPath(new URL('../../dist/register/index.js', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

interface Observed {
  /** The recording, and the file of the Collector. */
  recording: string;
  spansFile: string;
  events: CompactionEvent[];
  spans: readonly ReceivedSpan[];
}

/** Runs the service to its end. @param known resolves when it may begin */
async function serve(endpoint: string, imports: readonly string[] = [], known = async () => {}): Promise<void> {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'untold' };
  const words = [...imports.flatMap((file) => ['--import', file]), APP, COMPACT_NODE0];
  const service = endsWithTests(spawn(process.execPath, words, { env, stdio: ['pipe', 'ignore', 'inherit'] }));
  const ended = once(service, 'close');
  await known();
  service.stdin!.end();
  assert.deepEqual(await ended, [0, null]);
}

/** Resolves when the agent has found a process that publishes its spans; until then its stalls are in none. */
async function knowsPublisher(agent: Agent): Promise<void> {
  const asking = setInterval(() => agent.child.kill('SIGUSR2'), 100);
  await agent.until(() => / [1-9]\d* publishing/.test(agent.stderr)).finally(() => clearInterval(asking));
}

/** Runs the service while the agent records. */
async function observed(name: string, imports: readonly string[] = []): Promise<Observed> {
  const [recording, spansFile] = [join(folder, `${name}.jsonl`), join(folder, `${name}.spans`)];
  const collector = await startCollector({ spansFile });
  const agent = await new Agent(['-o', `json:${recording}`], { books: true }).attached();
  await serve(collector.httpEndpoint, imports, imports.length > 0 ? () => knowsPublisher(agent) : undefined);
  const { code, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  const spans = await collector.waitForSpans(3, DEADLINE_MS);
  await collector.stop();
  return { recording, spansFile, spans, events: parseLines(readFileSync(recording, 'utf8')) };
}

interface Printed {
  spans: number;
  stalled: number;
  longest: {
    name: string;
    spanId: string;
    certainty: string;
    stalledNano: number;
    stalls: { overlapNano: number }[];
  }[];
}

async function correlated(words: readonly string[]): Promise<Printed> {
  const { code, stdout, stderr } = await runToEnd(['correlate', '--wait', '0s', '--json', ...words]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** How long a process was stalled within a span, in another way: by counting, at each begin and end, how many stalls are under way. */
function stalledWithin({ start, end }: ReceivedSpan, events: readonly CompactionEvent[]): number {
  const cut = (time: bigint) => (time < start ? start : time > end ? end : time);
  const edges = events
    .flatMap(({ startUnixNano, durationNano }): [bigint, number][] => [
      [cut(BigInt(startUnixNano)), 1],
      [cut(BigInt(startUnixNano) + BigInt(durationNano)), -1],
    ])
    .sort(([a], [b]) => Number(a - b));
  let [underWay, since, stalled] = [0, start, 0n];
  for (const [time, change] of edges) {
    if (underWay > 0) stalled += time - since;
    [underWay, since] = [underWay + change, time];
  }
  return Number(stalled);
}

describe('a service whose tracer publishes nothing', () => {
  let untold: Observed;
  let jaeger: Jaeger;
  before(async () => {
    untold = await observed('untold');
    jaeger = await startJaeger();
  });
  after(() => jaeger?.stop());

  const own = () => {
    const pid = untold.spans[0]!.resource['process.pid'];
    return untold.events.filter((event) => event.pid === pid);
  };
  const spanOf = (name: string) => untold.spans.find(({ span }) => span.name === name)!;

  const assertPrinted = ({ longest }: Printed) => {
    const byName = new Map(longest.map((one) => [one.name, one]));
    assert.deepEqual([...byName.keys()].sort(), ['GET /own', 'GET /pool']);
    for (const [name, certainty] of [
      ['GET /own', 'thread'],
      ['GET /pool', 'process'],
    ] as const) {
      const printed = byName.get(name)!;
      assert.equal(printed.certainty, certainty);
      assert.equal(printed.spanId, spanOf(name).span.spanId);
      assert.equal(printed.stalledNano, stalledWithin(spanOf(name), own()));
    }
    const sorted = longest.map(({ stalledNano }) => stalledNano);
    assert.deepEqual(
      sorted,
      sorted.toSorted((a, b) => b - a),
    );
  };

  it('has its stalled spans found in the file of a Collector: by thread where the tracer says it, else by process and time', async () => {
    assert.ok(own().every(({ context }) => context === undefined));
    const printed = await correlated(['--otlp-json', untold.spansFile, untold.recording]);
    assert.deepEqual([printed.spans, printed.stalled], [3, 2]);
    assertPrinted(printed);
  });

  it('counts stalls of several threads at a time once: no span is stalled for longer than it took', async () => {
    const pool = spanOf('GET /pool');
    const { longest } = await correlated(['--otlp-json', untold.spansFile, untold.recording]);
    const { stalledNano, stalls } = longest.find(({ name }) => name === 'GET /pool')!;
    const threads = new Set(own().flatMap(({ tid, pid }) => (tid === pid ? [] : [tid])));
    assert.ok(threads.size > 1);
    assert.ok(stalls.reduce((sum, { overlapNano }) => sum + overlapNano, 0) > stalledNano);
    assert.ok(stalledNano <= Number(pool.end - pool.start));
  });

  it('has them found in Jaeger, through its API v3', async () => {
    for (const line of readFileSync(untold.spansFile, 'utf8').trimEnd().split('\n')) {
      const headers = { 'content-type': 'application/json' };
      const { status } = await fetch(`${jaeger.httpEndpoint}/v1/traces`, { method: 'POST', headers, body: line });
      assert.equal(status, 200);
    }
    await jaeger.waitForTraces({ service: 'untold' }, 3, DEADLINE_MS);
    assertPrinted(await correlated(['--jaeger', jaeger.queryUrl, untold.recording]));
  });

  it('has them found among more traces than Jaeger answers at once', async () => {
    const [line] = readFileSync(untold.spansFile, 'utf8').split('\n');
    const [group] = JSON.parse(line!).resourceSpans;
    const [{ scope, spans }] = group.scopeSpans;
    // Each trace has a span long before the other: a search for either time finds the whole trace.
    const many = Array.from({ length: 450 }, (_, i) =>
      [1n, 400_000n].map((earlierMs, j) => {
        const start = BigInt(spans[0].startTimeUnixNano) - (earlierMs + BigInt(i)) * 1_000_000n;
        return {
          ...spans[0],
          traceId: `${i + 1}`.padStart(32, 'e'),
          spanId: `${i + 1}`.padStart(16, 'ef'[j]),
          name: 'GET /many',
          startTimeUnixNano: `${start}`,
          endTimeUnixNano: `${start + 1_000_000n}`,
        };
      }),
    ).flat();
    const body = JSON.stringify({ resourceSpans: [{ ...group, scopeSpans: [{ scope, spans: many }] }] });
    const headers = { 'content-type': 'application/json' };
    assert.equal((await fetch(`${jaeger.httpEndpoint}/v1/traces`, { method: 'POST', headers, body })).status, 200);
    await jaeger.waitForTraces({ service: 'untold' }, 453, DEADLINE_MS);
    const { spans: read } = await correlated(['--jaeger', jaeger.queryUrl, untold.recording]);
    // Each once, although the time was halved. The idle request began after the last stall.
    assert.equal(read, 902);
  });

  it('has them printed for people', async () => {
    const { code, stdout, stderr } = await runToEnd([
      'correlate',
      '--wait',
      '0s',
      '--otlp-json',
      untold.spansFile,
      untold.recording,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^[\d.]+ .?s of [\d.]+ .?s \(\d+ %\) {2}untold: GET \/(own|pool)\n {2}same (thread|process and time)/,
    );
    assert.match(stdout, /2 of 3 spans overlap some of \d+ stalls\n/);
  });

  it('has none of them found on another host', async () => {
    const words = ['--host', 'another', '--otlp-json', untold.spansFile, untold.recording];
    assert.equal((await correlated(words)).stalled, 0);
  });
});

it('a service that publishes its active spans: the same active span, of the stalls in its own thread', async () => {
  const { recording, spansFile, spans, events } = await observed('told', [REGISTER]);
  const printed = await correlated(['--otlp-json', spansFile, recording]);
  const { certainty, stalledNano } = printed.longest.find(({ name }) => name === 'GET /own')!;
  assert.equal(certainty, 'active_span');
  const span = spans.find((one) => one.span.name === 'GET /own')!;
  assert.equal(
    stalledNano,
    stalledWithin(
      span,
      events.filter(({ context }) => context?.spanId === span.span.spanId),
    ),
  );
});

it('live: while an agent records into the pipe, until both are interrupted', async () => {
  const [jaeger, errors] = [await startJaeger(), join(folder, 'live.errors')];
  const programs = `"${process.execPath}" "${COMPACTSTALL}"`;
  const pipe = `${programs} -o json 2>"${errors}" | ${programs} correlate - --wait 5s --json --jaeger ${jaeger.queryUrl}`;
  // A terminal signals the group.
  const shell = spawn('sh', ['-c', `trap : INT; ${pipe}`], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, said, ended] = [text(shell.stdout), text(shell.stderr), once(shell, 'close')];
  try {
    await waitUntil(
      async () => (existsSync(errors) && readFileSync(errors, 'utf8').includes(' attached (')) || undefined,
      DEADLINE_MS,
      () => 'the agent is not attached',
    );
    await serve(jaeger.httpEndpoint);
  } finally {
    process.kill(-shell.pid!, 'SIGINT');
  }
  const [code] = await ended;
  assert.equal(code, 0, await said);
  assert.match(await said, /compactstall: waiting [1-5] s for the last spans/);
  const { longest } = JSON.parse(await printed) as Printed;
  assert.deepEqual(longest.map(({ name }) => name).sort(), ['GET /own', 'GET /pool']);
  await jaeger.stop();
});

it('what cannot be used is said, with what to do', async () => {
  const [bad, empty] = [join(folder, 'bad'), join(folder, 'empty.jsonl')];
  writeFileSync(bad, '{"resourceSpans":7}\n[]\nnot json\n{}\n');
  writeFileSync(empty, '');
  const malformed = await runToEnd(['correlate', '--otlp-json', bad, empty]);
  assert.equal(malformed.code, 0);
  assert.match(malformed.stderr, /bad:1: resourceSpans: expected a list of objects; line skipped/);
  assert.match(malformed.stderr, /bad:2: expected an object with resourceSpans/);
  assert.match(malformed.stderr, /bad:3: .*JSON/);
  const recording = join(folder, 'untold.jsonl');
  const [port] = await freePorts(1);
  const away = await runToEnd([
    'correlate',
    '--wait',
    '0s',
    '--jaeger',
    `http://127.0.0.1:${port}/?token=secret`,
    recording,
  ]);
  assert.equal(away.code, 1);
  assert.match(away.stderr, /cannot read spans from http:\/\/127\.0\.0\.1:\d+: .*refused/i);
  assert.doesNotMatch(away.stderr, /secret/);
});
