// SPDX-License-Identifier: Apache-2.0
/** The built command with --spool, killed and ended while the collector is away. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSegment } from '../../../src/spool/format.ts';
import { readSegmentName } from '../../../src/spool/segment-store.ts';
import { Agent, runToEnd } from '../../support/agent.ts';
import { assertNothingLost } from '../../support/books.ts';
import { temporaryFolder } from '../fixtures.ts';
import { event } from '../sinks/otlp/events.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';

/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9';

/** The spans that are in the folder, as anybody can read them. */
function spansIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const found = readSegmentName(name);
    if (found === undefined) return sum;
    const { records } = readSegment(readFileSync(join(folder, name)), found.number);
    return sum + records.reduce((spans, record) => spans + record.spans, 0);
  }, 0);
}

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
    while (spansIn(folder) < first.ids.length) await sleep(20);
    await killed.stop('SIGKILL');

    const ended = new Agent(words(second, folder), to(AWAY));
    await ended.until(() => /does not answer/.test(ended.stderr));
    while (spansIn(folder) < first.ids.length + second.ids.length) await sleep(20);
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
});
