// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { balances, equations, losses } from '../../../../src/event/books.ts';
import { type AgentEvent, isCompaction, type NotRecordedEvent } from '../../../../src/event/event.ts';
import { parseEvent } from '../../../../src/event/parse.ts';
import type { Message } from '../../../../src/messages/message.ts';
import { OutputFile } from '../../../../src/sinks/output-file.ts';
import { jsonLine } from '../../../../src/sinks/text/json.ts';
import { rowsOnly, TextSink, type TextTarget } from '../../../../src/sinks/text/text-sink.ts';
import { event, events, notRecorded, temporaryFolder } from '../../fixtures.ts';

/** A limit that only a hang reaches. */
const LONG_MS = 60_000;
const PIPE_BYTES = 65536;
/** The most that the sink queues, and a batch larger than that. */
const MAX_QUEUED = 32 * 1024 * 1024;

const line = ({ spanId }: AgentEvent) => `${spanId}\n`;

function sinkTo(file: number, { header = '', format = line, owned = true, mayLeave = true } = {}) {
  const said = { readerGone: 0, failed: 0, warnings: [] as string[] };
  const target = {
    file: { descriptor: file },
    name: 'the target',
    owned,
    ...(mayLeave && { onReaderGone: () => (said.readerGone += 1) }),
    onFailed: () => (said.failed += 1),
    warn: ({ text }: { text: string }) => said.warnings.push(text),
  };
  return { sink: new TextSink('text', target, header, format), said };
}

/** A FIFO with its two ends: a real pipe whose ends can both be opened by name. */
function pipe(t: TestContext) {
  const path = temporaryFolder(t)('pipe');
  execFileSync('mkfifo', [path]);
  // The reader first, as opening a FIFO for writing waits for one.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const open = (flags: number) => openSync(path, flags);
  return { reader, writer: open(constants.O_WRONLY), open };
}

function isOpen(file: number): boolean {
  try {
    fstatSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Asserts that every event is in exactly one term of the books. */
function balanced(sink: TextSink): void {
  const { accepted, exported, queued, dropped, reports = 0 } = sink.books();
  assert.equal(accepted + reports, exported + queued + Object.values(dropped).reduce((sum, n) => sum + n, 0));
  const source = { received: accepted, decoded: accepted, malformed: 0, pendingBytes: 0 };
  assert.ok(equations(source, [{ name: 'text', books: sink.books() }]).every(balances));
}

const lost = (sink: TextSink) => {
  const n = sink.books().accepted;
  const all = losses({ received: n, decoded: n, malformed: 0, pendingBytes: 0 }, [
    { name: 'text', books: sink.books() },
  ]);
  return [...all.values()].reduce((sum, value) => sum + value, 0);
};

describe('a file', () => {
  it('has the header, then every line, in order', async (t) => {
    const path = temporaryFolder(t)('out');
    const { sink, said } = sinkTo(openSync(path, 'a'), { header: 'HEADER\n' });
    const written = events(1000);
    for (let i = 0; i < 1000; i += 7) {
      sink.write(written.slice(i, i + 7));
      if (i % 3 === 0) await new Promise(setImmediate);
    }
    await sink.close(LONG_MS);
    assert.equal(readFileSync(path, 'utf8'), `HEADER\n${written.map(line).join('')}`);
    assert.deepEqual(sink.books(), { accepted: 1000, exported: 1000, queued: 0, dropped: {} });
    assert.deepEqual(said, { readerGone: 0, failed: 0, warnings: [] });
  });

  it('of a table has no row for what was not recorded, which counts as written; of JSON a line', async (t) => {
    for (const [format, text] of [
      [rowsOnly(line), line(event(0))],
      [jsonLine, jsonLine(event(0)) + jsonLine(notRecorded())],
    ] as const) {
      const path = temporaryFolder(t)('out');
      const { sink } = sinkTo(openSync(path, 'a'), { format });
      sink.write([event(0), notRecorded()]);
      await sink.close(LONG_MS);
      assert.equal(readFileSync(path, 'utf8'), text);
      assert.deepEqual(sink.books(), { accepted: 2, exported: 2, queued: 0, dropped: {} });
    }
  });

  it('is closed at the end only if it is the sink’s own', async (t) => {
    for (const owned of [true, false]) {
      const file = openSync(temporaryFolder(t)('out'), 'a');
      const { sink } = sinkTo(file, { owned });
      sink.write(events(1));
      await sink.close(LONG_MS);
      assert.equal(isOpen(file), !owned);
      if (!owned) closeSync(file);
    }
  });

  it('nothing written: header only, and closing is quick', async (t) => {
    const path = temporaryFolder(t)('out');
    const { sink } = sinkTo(openSync(path, 'a'), { header: 'HEADER\n' });
    await sink.close(LONG_MS);
    assert.equal(readFileSync(path, 'utf8'), 'HEADER\n');
    const { sink: silent } = sinkTo(openSync(path, 'a'));
    await silent.close(LONG_MS);
    assert.deepEqual(silent.books(), { accepted: 0, exported: 0, queued: 0, dropped: {} });
  });
});

describe('a file that is renamed', () => {
  const target = (file: TextTarget['file'], warnings: string[]) => ({
    file,
    name: 'out',
    owned: true,
    onFailed: () => assert.fail('it works'),
    warn: ({ text }: Message) => warnings.push(text),
  });

  it('again and again while it is written: every line is whole in one file, and none is in two', async (t) => {
    const at = temporaryFolder(t);
    const warnings: string[] = [];
    const sink = new TextSink('text', target(new OutputFile(at('out')), warnings), '', jsonLine);
    const written = events(1000);
    for (let i = 0; i < 1000; i += 5) {
      sink.write(written.slice(i, i + 5));
      if (i % 3 === 0) await new Promise(setImmediate);
      if (i % 50 !== 0) continue;
      renameSync(at('out'), at(`old.${i + 1000}`));
      sink.reopen();
      // The next file is there only when the batch has been written.
      while (warnings.length <= i / 50) await new Promise(setImmediate);
    }
    await sink.close(LONG_MS);
    const files = readdirSync(at()).sort();
    assert.equal(files.length, 21);
    const texts = files.map((name) => readFileSync(at(name), 'utf8'));
    for (const text of texts) assert.ok(text === '' || text.endsWith('\n'));
    assert.equal(texts.join(''), written.map(jsonLine).join(''));
    assert.equal(sink.books().exported, 1000);
    assert.deepEqual(warnings, Array(20).fill('from here on events go to a new out.'));
  });

  it('a batch that is half written is completed where it was begun', async (t) => {
    const { reader, writer, open } = pipe(t);
    closeSync(writer);
    const path = temporaryFolder(t)('out');
    const file = {
      descriptor: open(constants.O_WRONLY | constants.O_NONBLOCK),
      reopen() {
        closeSync(this.descriptor);
        this.descriptor = openSync(path, 'a');
        return true;
      },
    };
    const warnings: string[] = [];
    const long = (e: AgentEvent) => `${'x'.repeat(2 * PIPE_BYTES)}${line(e)}`;
    const sink = new TextSink('text', target(file, warnings), '', long);
    sink.write([event(0)]);
    const buffer = Buffer.alloc(PIPE_BYTES);
    let size = 0;
    const read = () => {
      try {
        size += readSync(reader, buffer);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      }
    };
    for (; size === 0; await new Promise(setImmediate)) read();
    const reopened = sink.reopen();
    sink.write([event(1)]);
    let isReopened = false;
    void reopened.then(() => {
      isReopened = true;
    });
    for (; !isReopened; await new Promise(setImmediate)) read();
    read();
    assert.equal(warnings.length, 1);
    await sink.close(LONG_MS);
    assert.equal(size, long(event(0)).length);
    assert.equal(readFileSync(path, 'utf8'), long(event(1)));
    closeSync(reader);
  });

  it('where no new one can be opened, the old one is written on', async (t) => {
    const at = temporaryFolder(t);
    const warnings: string[] = [];
    const sink = new TextSink('text', target(new OutputFile(at('out')), warnings), '', line);
    renameSync(at('out'), at('old'));
    mkdirSync(at('out'));
    sink.reopen();
    sink.write(events(2));
    await sink.close(LONG_MS);
    assert.deepEqual(warnings, [
      "cannot open a new out: illegal operation on a directory. Events go on to the old one. Create the new one for the agent's user before SIGHUP.",
    ]);
    assert.equal(readFileSync(at('old'), 'utf8'), events(2).map(line).join(''));
    assert.deepEqual(sink.books(), { accepted: 2, exported: 2, queued: 0, dropped: {} });
  });

  it('the same file is not opened again; what is new and ends within a line gets a line break first', async (t) => {
    const at = temporaryFolder(t);
    const warnings: string[] = [];
    const sink = new TextSink('text', target(new OutputFile(at('out')), warnings), '', line);
    sink.reopen();
    assert.deepEqual(warnings, ['out is still the same file; rename it before SIGHUP.']);
    writeFileSync(at('half'), '{"half":');
    renameSync(at('half'), at('out'));
    sink.reopen();
    sink.write(events(1));
    await sink.close(LONG_MS);
    assert.equal(readFileSync(at('out'), 'utf8'), `{"half":\n${line(event(0))}`);
  });

  it('an output that has failed, or is closed, is done at once: a service manager waits for all of them', async (t) => {
    const warnings: string[] = [];
    const failed = Promise.withResolvers<void>();
    const full = { ...target(new OutputFile('/dev/full'), warnings), onFailed: failed.resolve };
    const sink = new TextSink('text', full, '', line);
    sink.write(events(1));
    await failed.promise;
    await sink.reopen();
    assert.equal(warnings.length, 1);
    await sink.close(LONG_MS);
    const closed = new TextSink('text', target(new OutputFile(temporaryFolder(t)('out')), warnings), '', line);
    await closed.close(LONG_MS);
    await closed.reopen();
    assert.equal(warnings.length, 1);
  });
});

describe('a pipe', () => {
  for (const { waits, flags, stuck } of [
    { waits: 'hangs in a write', flags: constants.O_WRONLY, stuck: true },
    {
      waits: 'is asked again and again whether there is room',
      flags: constants.O_WRONLY | constants.O_NONBLOCK,
      stuck: false,
    },
  ]) {
    it(`that nobody reads: a sink that ${waits} is ${stuck ? '' : 'not '}stuck after half a minute`, async (t) => {
      const { reader, writer, open } = pipe(t);
      closeSync(writer);
      const { sink } = sinkTo(open(flags), { format: () => 'x'.repeat(2 * PIPE_BYTES) });
      sink.write([event(0)]);
      const { now } = performance;
      let laterMs = 0;
      t.mock.method(performance, 'now', () => now.call(performance) + laterMs);
      assert.ok(!sink.isStuck);
      laterMs = 29_000;
      assert.ok(!sink.isStuck);
      laterMs = 31_000;
      while (sink.isStuck !== stuck) await sleep(5);
      // The end of its reader ends the write, and the descriptor can be closed.
      closeSync(reader);
      await sink.close(LONG_MS);
      assert.ok(!sink.isStuck);
    });
  }

  /** Everything from the reading end until the writing end is closed. */
  async function readAll(child: ChildProcess): Promise<string> {
    let text = '';
    child.stdout!.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    await once(child, 'close');
    return text;
  }

  it('far smaller than the output: all arrives, in order', async (t) => {
    const { reader, writer, open } = pipe(t);
    const child = spawn('cat', { stdio: [open(constants.O_RDONLY), 'pipe', 'inherit'] });
    closeSync(reader);
    const { sink } = sinkTo(writer, { format: (e) => `${e.spanId} ${'x'.repeat(997)}\n` });
    const written = events(2000);
    sink.write(written.slice(0, 900));
    sink.write(written.slice(900));
    const [text] = await Promise.all([readAll(child), sink.close(LONG_MS)]);
    assert.equal(text, written.map(({ spanId }) => `${spanId} ${'x'.repeat(997)}\n`).join(''));
    assert.equal(sink.books().exported, 2000);
  });

  it('in non-blocking mode, as a shared terminal may be: all arrives', async (t) => {
    const { reader, writer, open } = pipe(t);
    closeSync(writer);
    const nonBlocking = open(constants.O_WRONLY | constants.O_NONBLOCK);
    const { sink, said } = sinkTo(nonBlocking, { format: () => `${'y'.repeat(9999)}\n` });
    sink.write(events(20));
    // The pipe is full now. It is emptied repeatedly, while the sink keeps trying.
    const buffer = Buffer.alloc(PIPE_BYTES);
    let size = 0;
    const closing = sink.close(LONG_MS);
    while (size < 20 * 10_000) {
      try {
        size += readSync(reader, buffer);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await closing;
    assert.equal(sink.books().exported, 20);
    assert.deepEqual(said, { readerGone: 0, failed: 0, warnings: [] });
    closeSync(reader);
  });

  it('whose reader has gone: the owner is notified once, without a warning; nothing counts as lost', async (t) => {
    const { reader, writer } = pipe(t);
    closeSync(reader);
    const { sink, said } = sinkTo(writer, { header: 'HEADER\n' });
    sink.write(events(3));
    sink.write(events(2));
    await sink.close(LONG_MS);
    sink.write(events(5));
    assert.deepEqual(said, { readerGone: 1, failed: 0, warnings: [] });
    assert.deepEqual(sink.books(), { accepted: 10, exported: 0, queued: 0, dropped: { closed: 10 } });
    assert.equal(lost(sink), 0);
    balanced(sink);
  });

  it('whose reader goes away in the middle', async (t) => {
    const { reader, writer } = pipe(t);
    const { sink, said } = sinkTo(writer);
    sink.write(events(1));
    await sink.room();
    while (sink.books().exported === 0) await new Promise(setImmediate);
    closeSync(reader);
    sink.write(events(4));
    await sink.close(LONG_MS);
    assert.deepEqual(sink.books(), { accepted: 5, exported: 1, queued: 0, dropped: { closed: 4 } });
    assert.equal(said.readerGone, 1);
  });

  it('whose reader goes away where nothing else reads: a failure, with a warning, and lost', async (t) => {
    const { reader, writer } = pipe(t);
    const { sink, said } = sinkTo(writer, { mayLeave: false });
    closeSync(reader);
    sink.write(events(3));
    sink.write(events(2));
    await sink.close(LONG_MS);
    assert.deepEqual(said, {
      readerGone: 0,
      failed: 1,
      warnings: ['cannot write to the target: broken pipe. Further events are dropped and counted.'],
    });
    assert.deepEqual(sink.books(), { accepted: 5, exported: 0, queued: 0, dropped: { write_epipe: 5 } });
    assert.equal(lost(sink), 5);
    balanced(sink);
  });

  it('that nobody reads: the queue is bounded, the excess is counted, close() gives up in time', async (t) => {
    const { reader, writer } = pipe(t);
    // One megabyte for each event: the queue takes 32 of them, and the one that exceeds the bound.
    const { sink, said } = sinkTo(writer, { format: () => 'z'.repeat(2 ** 20) });
    for (const one of events(50)) sink.write([one]);
    assert.deepEqual(sink.books(), { accepted: 50, exported: 0, queued: 33, dropped: { queue_full: 17 } });
    balanced(sink);
    await sink.close(1);
    assert.deepEqual(sink.books(), { accepted: 50, exported: 0, queued: 0, dropped: { queue_full: 17, shutdown: 33 } });
    balanced(sink);
    assert.equal(lost(sink), 50);
    assert.deepEqual(said, { readerGone: 0, failed: 0, warnings: [] });
    // The descriptor stays open while the write hangs. One that still waits for a thread would go to what is opened next.
    await sleep(50);
    assert.ok(isOpen(writer));
    // The end of its reader ends the write.
    closeSync(reader);
    while (isOpen(writer)) await sleep(5);
  });

  it('whose reader falls behind, and catches up, gets a line of what it missed', async (t) => {
    const { reader, writer, open } = pipe(t);
    const file = temporaryFolder(t)('read');
    const format = (one: AgentEvent) => jsonLine(one).padEnd(isCompaction(one) ? 2 ** 20 : 0);
    const { sink } = sinkTo(writer, { format });
    const host = { name: 'node-7' };
    const all = events(50).map((one) => ({ ...one, host }));
    for (const one of all) sink.write([one]);
    const child = spawn('cat', { stdio: [open(constants.O_RDONLY), openSync(file, 'w'), 'inherit'] });
    closeSync(reader);
    await sink.close(LONG_MS);
    await once(child, 'close');
    const read = readFileSync(file, 'utf8').trim().split('\n').map(parseEvent);
    const missed = all.slice(33);
    const endOf = ({ startUnixNano, durationNano }: AgentEvent) => BigInt(startUnixNano) + BigInt(durationNano);
    const report = read.at(-1) as NotRecordedEvent;
    const { count, reason, startUnixNano } = report;
    assert.equal(read.length, 34);
    assert.deepEqual([count, reason, startUnixNano], [17, 'queue_full', missed[0]!.startUnixNano]);
    assert.equal(endOf(report), endOf(missed.at(-1)!));
    assert.deepEqual(report.host, host);
    assert.deepEqual(sink.books(), { accepted: 50, exported: 34, queued: 0, dropped: { queue_full: 17 }, reports: 1 });
    balanced(sink);
  });

  it('room() waits until half of the queue is free', async (t) => {
    const { reader, writer, open } = pipe(t);
    const { sink } = sinkTo(writer, { format: () => 'z'.repeat(MAX_QUEUED / 8) });
    sink.write(events(1));
    await sink.room();
    for (const one of events(7)) sink.write([one]);
    let room = false;
    const waiting = sink.room().then(() => {
      room = true;
    });
    await new Promise(setImmediate);
    assert.equal(room, false, 'there is none while nobody reads');
    const child = spawn('cat', { stdio: [open(constants.O_RDONLY), 'ignore', 'inherit'] });
    closeSync(reader);
    await waiting;
    assert.ok(sink.books().queued <= 4);
    await sink.close(LONG_MS);
    await once(child, 'close');
    assert.deepEqual(sink.books(), { accepted: 8, exported: 8, queued: 0, dropped: {} });
  });
});

describe('a full device', () => {
  it('causes one warning, and loses every later event for that reason', async () => {
    const { sink, said } = sinkTo(openSync('/dev/full', 'w'), { header: 'HEADER\n' });
    // The header alone fails, before any event.
    while (said.failed === 0) await new Promise(setImmediate);
    sink.write(events(3));
    await sink.close(LONG_MS);
    sink.write(events(2));
    assert.deepEqual(said, {
      readerGone: 0,
      failed: 1,
      warnings: ['cannot write to the target: no space left on device. Further events are dropped and counted.'],
    });
    assert.deepEqual(sink.books(), { accepted: 5, exported: 0, queued: 0, dropped: { write_enospc: 5 } });
    assert.equal(lost(sink), 5);
  });

  it('with events under way', async () => {
    const { sink, said } = sinkTo(openSync('/dev/full', 'w'));
    sink.write(events(3));
    sink.write(events(4));
    await sink.close(LONG_MS);
    assert.equal(said.failed, 1);
    assert.equal(said.warnings.length, 1);
    assert.ok(sink.isFailing);
    assert.deepEqual(sink.books(), { accepted: 7, exported: 0, queued: 0, dropped: { write_enospc: 7 } });
  });

  it('the lines that fitted are counted as exported: the file has them', async (t) => {
    const path = temporaryFolder(t)('out');
    // A limit of the size of files acts like a full disk, without one: 4 KiB.
    const sink = new URL('../../../../src/sinks/text/text-sink.ts', import.meta.url).href;
    const script = `
      const { TextSink } = await import(${JSON.stringify(sink)});
      const { openSync } = await import('node:fs');
      const file = openSync(process.argv[1], 'a');
      const target = { file: { descriptor: file }, name: 'out', owned: true, onFailed: () => {}, warn: () => {} };
      const sink = new TextSink('text', target, 'HEADER\\n', (n) => 'é'.repeat(49) + ' ' + n + '\\n');
      sink.write([10, 11, 12]);
      sink.write(Array.from({ length: 80 }, (_, n) => n + 13));
      await sink.close(60_000);
      console.log(JSON.stringify(sink.books()));
    `;
    const limited = [
      '-c',
      'ulimit -f 8 && exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '--eval',
      script,
      path,
    ];
    const books = JSON.parse(execFileSync('sh', limited, { encoding: 'utf8' }));
    const written = readFileSync(path, 'utf8').split('\n').slice(1, -1).length;
    assert.equal(written, 40);
    assert.deepEqual(books, { accepted: 83, exported: 40, queued: 0, dropped: { write_efbig: 43 } });
  });

  it('a descriptor that is closed behind the sink’s back', async (t) => {
    const file = openSync(temporaryFolder(t)('out'), 'w');
    const { sink, said } = sinkTo(file, { owned: false });
    closeSync(file);
    sink.write([event(1)]);
    await sink.close(LONG_MS);
    assert.equal(said.warnings.length, 1);
    assert.deepEqual(sink.books().dropped, { write_ebadf: 1 });
  });
});
