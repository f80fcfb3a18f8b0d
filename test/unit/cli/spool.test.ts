// SPDX-License-Identifier: Apache-2.0
/** The built command with --spool, killed and ended while the collector is away. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from '../../../src/spool/format.ts';
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

const spanIdsIn = (lines: string): string[] => [...lines.matchAll(/"spanId":"([0-9a-f]{16})"/g)].map(([, id]) => id!);

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
    assert.match(
      open.stderr,
      /others may write there \(mode 0770\); choose another folder, or take that right from them\.\n$/,
    );
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

  it('damage at the end of a file that is not the newest is damage; at the end of the newest it is not known', async (t) => {
    const folder = temporaryFolder(t)('spool');
    const { path, ids } = recordingOf(t, 0, 700);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: AWAY, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100' };
    const agent = new Agent([...words({ path }, folder), '--spool-size', '1M'], { env });
    await agent.until(() => /does not answer/.test(agent.stderr));
    await stored(folder, ids.length);
    await agent.stop();
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.spool'))
      .sort();
    assert.ok(files.length > 2, files.join());
    /** Changes the last byte. @returns how to take it back */
    const damage = (name: string) => {
      const file = join(folder, name);
      const before = readFileSync(file);
      writeFileSync(file, Buffer.concat([before.subarray(0, -1), Buffer.from([before.at(-1)! ^ 1])]));
      return () => writeFileSync(file, before);
    };
    const run = (verb: string) => runToEnd(['spool', verb, folder]);
    const undo = damage(files.at(-1)!);
    const [unknown, exported] = [await run('verify'), await run('export')];
    assert.match(unknown.stdout, new RegExp(`^${files.at(-1)} .* whole, then \\d+ bytes unfinished$`, 'm'));
    assert.deepEqual([unknown.code, exported.code, exported.stderr], [0, 0, '']);
    undo();

    damage(files[0]!);
    const [verified, partly] = [await run('verify'), await run('export')];
    assert.match(verified.stdout, new RegExp(`^${files[0]} .* 1 requests cannot be read$`, 'm'));
    assert.equal(verified.code, 1);
    assert.match(
      partly.stderr,
      new RegExp(`is damaged: ${files[0]}: 1 requests cannot be read; the rest is exported\\.`),
    );
    assert.equal(partly.code, 1);
    const server = await startGrpcServer(t);
    const next = await runToEnd(words(recordingOf(t, 1000, 1), folder), to(`http://127.0.0.1:${server.port}`));
    assert.deepEqual([next.code, next.books!.lost], [4, { 'otlp dropped it: spool_damaged': 1 }], next.stderr);
    const reports = server.spans.filter(({ name }) => name === 'compactions not recorded');
    assert.deepEqual([server.spans.length, reports.length], [602, 1]);
    assert.ok(existsSync(join(folder, `${files[0]}.bad`)));
  });

  it('spool export: each request as a line of OTLP/JSON, also beside the agent; what is damaged is left out and reported', async (t) => {
    const folder = temporaryFolder(t)('spool');
    const [first, second] = [recordingOf(t, 0, 700), recordingOf(t, 2000, 40)] as const;
    for (const recording of [first, second]) {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: AWAY, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100' };
      const agent = new Agent(words(recording, folder), { env });
      await agent.until(() => /does not answer/.test(agent.stderr));
      await stored(folder, recording === first ? 700 : 740);
      const beside = await runToEnd(['spool', 'export', folder]);
      assert.equal(beside.code, 0, beside.stderr);
      assert.equal(spanIdsIn(beside.stdout).length, recording === first ? 700 : 740);
      await agent.stop();
    }
    const whole = await runToEnd(['spool', 'export', folder]);
    assert.deepEqual([whole.code, whole.stderr], [0, '']);
    assert.deepEqual(spanIdsIn(whole.stdout), [...first.ids, ...second.ids]);

    const under = ['sh', '-c', '("$0" "$@"; echo "status $?" >&2) | head -c 1'];
    const cut = await runToEnd(['spool', 'export', folder], { under });
    assert.deepEqual([cut.stdout, cut.stderr], ['{', 'status 0\n']);

    const path = join(folder, '00000000000001.spool');
    const bytes = readFileSync(path);
    bytes[SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES + 99]! ^= 1;
    writeFileSync(path, bytes);
    const damaged = await runToEnd(['spool', 'export', folder]);
    assert.equal(damaged.code, 1);
    assert.match(
      damaged.stderr,
      /^compactstall: the spool \S+ is damaged: 00000000000001\.spool: 1 requests cannot be read; the rest is exported\.\n$/,
    );
    assert.deepEqual(spanIdsIn(damaged.stdout), [...first.ids.slice(100), ...second.ids]);
    renameSync(path, `${path}.bad`);
    const setAside = await runToEnd(['spool', 'export', folder]);
    assert.equal(setAside.code, 0);
    assert.deepEqual(spanIdsIn(setAside.stdout), second.ids);
  });
});
