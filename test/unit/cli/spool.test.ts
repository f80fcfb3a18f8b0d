// SPDX-License-Identifier: Apache-2.0
/** The built command with --spool, killed and ended while the collector is away. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Agent, runToEnd } from '../../support/agent.ts';
import { assertNothingLost } from '../../support/books.ts';
import { spansIn, stored } from '../../support/spool.ts';
import { temporaryFolder } from '../fixtures.ts';
import { event } from '../sinks/otlp/events.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';

/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9';

function recordingOf(t: TestContext, from: number, count: number) {
  const path = temporaryFolder(t)('recording.jsonl');
  const events = Array.from({ length: count }, (_, i) => event(from + i));
  writeFileSync(path, events.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return { path, ids: events.map(({ spanId }) => spanId) };
}

const words = (recording: { path: string }, folder: string) => [
  'replay',
  recording.path,
  '-o',
  'none',
  '--spool',
  folder,
];
const to = (endpoint: string) => ({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, books: true });

describe('--spool', () => {
  it('a run that was killed, and one that was ended, lose nothing: the third one sends all of it, in order', async (t) => {
    const folder = temporaryFolder(t)('spool');
    const [first, second, third] = [
      recordingOf(t, 0, 701),
      recordingOf(t, 1000, 307),
      recordingOf(t, 2000, 11),
    ] as const;
    const killed = new Agent(words(first, folder), to(AWAY));
    await killed.until(() => /does not answer/.test(killed.stderr));
    await stored(folder, first.ids.length);
    await killed.stop('SIGKILL');

    const ended = new Agent(words(second, folder), to(AWAY));
    await ended.until(() => /does not answer/.test(ended.stderr));
    await stored(folder, first.ids.length + second.ids.length);
    const books = assertNothingLost(await ended.stop());
    assert.match(ended.stderr, /: earlier runs have left \d\.\d MB in the spool \S+; that is sent first\./);
    assert.match(ended.stderr, /: 1008 spans stay in the spool \S+; the next run sends them\./);
    assert.match(ended.stderr, /^ {2}otlp +1008 = 307 decoded \+ 701 recovered$/m);
    assert.match(ended.stderr, /^ {2}otlp +1008 = 0 exported by otlp \+ 0 dropped \+ 0 queued \+ 1008 spooled$/m);
    assert.equal(books.balances, true);

    const server = await startGrpcServer(t);
    const finished = await runToEnd(words(third, folder), to(`http://127.0.0.1:${server.port}`));
    assertNothingLost(finished);
    assert.deepEqual(
      server.spans.map(({ spanId }) => spanId),
      [...first.ids, ...second.ids, ...third.ids],
    );
    assert.equal(spansIn(folder), 0);
  });

  it('is refused before anything starts: a folder of others, two agents, and no spans to store', async (t) => {
    const folder = temporaryFolder(t)('spool');
    const recording = recordingOf(t, 0, 3);
    const first = new Agent(words(recording, folder), to(AWAY));
    await first.until(() => /does not answer/.test(first.stderr));
    const second = await runToEnd(words(recording, folder), to(AWAY));
    assert.deepEqual([second.code, second.stdout], [1, '']);
    assert.match(second.stderr, /^compactstall: cannot use the spool \S+: another agent uses it\.\n$/);
    await first.stop();
    chmodSync(folder, 0o770);
    const open = await runToEnd(words(recording, folder), to(AWAY));
    assert.equal(open.code, 1);
    assert.match(open.stderr, /others may write there \(mode 0770\); take that right away\.\n$/);
    const none = await runToEnd(words(recording, folder), { env: {} });
    assert.equal(none.code, 2);
    assert.match(none.stderr, /--spool: no spans are sent; add --output otlp, or set OTEL_EXPORTER_OTLP_ENDPOINT\.\n$/);
  });

  it('spool ls, verify and send: what waits, whether it is whole, and off with it', async (t) => {
    const folder = temporaryFolder(t)('spool');
    const recording = recordingOf(t, 0, 40);
    const ended = new Agent(words(recording, folder), to(AWAY));
    await ended.until(() => /does not answer/.test(ended.stderr));
    await stored(folder, 40);
    await ended.stop();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: AWAY };

    const list = await runToEnd(['spool', 'ls', folder]);
    assert.equal(list.code, 0, list.stderr);
    assert.match(
      list.stdout,
      /^FILE +BYTES +REQUESTS +SPANS +OLDEST +STATE\n00000000000001\.spool +\d+ +1 +40 +\S+Z +whole\n40 spans wait\n$/,
    );
    const [file] = JSON.parse((await runToEnd(['spool', 'verify', '--json', folder])).stdout);
    assert.deepEqual(
      [file.file, file.requests, file.spans, file.isBad, file.damage],
      ['00000000000001.spool', 1, 40, false, undefined],
    );

    const kept = await runToEnd(['spool', 'send', folder], { env });
    assert.deepEqual([kept.code, kept.stdout], [1, '0 spans sent\n40 stay\n'], kept.stderr);
    const server = await startGrpcServer(t);
    const sent = await runToEnd(['spool', 'send', folder], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.port}` },
    });
    assert.deepEqual([sent.code, sent.stdout], [0, '40 spans sent\n0 stay\n'], sent.stderr);
    assert.deepEqual(
      server.spans.map(({ spanId }) => spanId),
      recording.ids,
    );
    assert.equal((await runToEnd(['spool', 'ls', folder])).stdout.split('\n').at(-2), '0 spans wait');

    const damaged = join(folder, '000000000000ff.spool');
    writeFileSync(damaged, 'no segment, and long enough to be one');
    const verified = await runToEnd(['spool', 'verify', folder]);
    assert.equal(verified.code, 1);
    assert.match(verified.stdout, /^000000000000ff\.spool .* it does not begin as a segment does$/m);
    for (const wrong of [['spool'], ['spool', 'ls'], ['spool', 'rm', folder], ['spool', 'ls', folder, folder]]) {
      const refused = await runToEnd(wrong);
      assert.equal(refused.code, 2, wrong.join(' '));
    }
    assert.equal((await runToEnd(['spool', 'ls', join(folder, 'none')])).code, 1);
  });
});
