// SPDX-License-Identifier: Apache-2.0
/** The built `replay`: a recording that comes through a pipe, and one whose collector takes nothing. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jsonLine } from '../../../src/sinks/text/json.ts';
import { Agent } from '../../support/agent.ts';
import { assertNothingLost, totalOf } from '../../support/books.ts';
import { FedAgent } from '../../support/outage.ts';
import { spansIn } from '../../support/spool.ts';
import { events, temporaryFolder } from '../fixtures.ts';
import { type Answer, OK, startGrpcServer } from '../sinks/otlp/grpc-server.ts';

const COMMAND = fileURLToPath(new URL('../../../dist/bin/compactstall.js', import.meta.url));

it('a pipe that is quiet: what came through it so far is delivered', async (t) => {
  const server = await startGrpcServer(t);
  const fed = new FedAgent(temporaryFolder(t)(), [], `http://127.0.0.1:${server.port}`);
  t.after(() => fed.agent.stop('SIGKILL'));
  let given = 0;
  for (const count of [1, 3, 257, 2]) {
    await fed.give(Array.from({ length: count }, (_, i) => given + i));
    given += count;
    while (server.spans.length < given) await sleep(5);
  }
  assertNothingLost(await fed.end());
  assert.deepEqual(
    server.spans.map(({ spanId }) => spanId),
    events(given).map(({ spanId }) => spanId),
  );
});

it('standard input that is a socket and has nothing yet', async (t) => {
  // Node.js gives a child a pair of sockets. A spool makes the agent look at its input before there is more.
  const words = ['replay', '-', '-o', 'json', '-o', 'otlp', '--spool', temporaryFolder(t)('spool')];
  const { port } = await startGrpcServer(t);
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  const child = spawn(process.execPath, [COMMAND, ...words], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  child.stdin.on('error', () => {});
  for (const event of events(10)) {
    await sleep(100);
    child.stdin.write(jsonLine(event));
  }
  child.stdin.end();
  const [stdout, stderr] = await outputs;
  assert.doesNotMatch(stderr, /cannot read/);
  assert.equal(stdout, events(10).map(jsonLine).join(''), stderr);
});

describe('a recording waits for room, and a signal ends it, with its books', { concurrency: true }, () => {
  const COUNT = 5000;

  /** A recording, as a file or as a pipe that gives it and stays open. */
  function recording(t: TestContext, isPipe: boolean): string {
    const at = temporaryFolder(t);
    writeFileSync(at('file'), events(COUNT).map(jsonLine).join(''));
    if (!isPipe) return at('file');
    execFileSync('mkfifo', [at('pipe')]);
    const writer = spawn('sh', ['-c', 'exec cat "$0" - >"$1"', at('file'), at('pipe')], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    t.after(() => writer.kill());
    return at('pipe');
  }

  /** Nobody listens there. */
  const AWAY = 'http://127.0.0.1:9';

  const start = (path: string, words: readonly string[], endpoint: string) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_MAX_QUEUE_SIZE: '512' };
    return new Agent(['replay', path, '-o', 'none', ...words], { env, books: true });
  };

  for (const [signal, isPipe] of [
    ['SIGINT', true],
    ['SIGTERM', false],
  ] as const) {
    it(`the collector is away, from a ${isPipe ? 'pipe' : 'file'}`, async (t) => {
      const agent = start(recording(t, isPipe), [], AWAY);
      await agent.until(() => /does not answer/.test(agent.stderr));
      const { code, stderr, books } = await agent.stop(signal);
      assert.equal(code, 4, stderr);
      const received = totalOf(books!, 'received');
      assert.ok(received > 0 && received <= 512, stderr);
      assert.deepEqual([books!.balances, books!.lost], [true, { 'otlp dropped it: shutdown': received }]);
    });
  }

  it('the collector never answers', async (t) => {
    const never = Promise.withResolvers<Answer>();
    t.after(() => never.resolve(OK));
    const server = await startGrpcServer(t, () => never.promise);
    const agent = start(recording(t, true), [], `http://127.0.0.1:${server.port}`);
    while (server.sizes.length === 0) await sleep(5);
    const { code, stderr, books } = await agent.stop();
    assert.equal(code, 4, stderr);
    assert.deepEqual([books!.balances, Object.keys(books!.lost)], [true, ['otlp dropped it: shutdown']]);
  });

  it('with a spool nothing is lost', async (t) => {
    const folder = temporaryFolder(t)('spool');
    const agent = start(recording(t, true), ['--spool', folder], AWAY);
    await agent.until(() => /does not answer/.test(agent.stderr));
    const books = assertNothingLost(await agent.stop());
    assert.equal(spansIn(folder), totalOf(books, 'received'));
  });
});
