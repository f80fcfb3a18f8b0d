// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import type { Message } from '../../../src/messages/message.ts';
import { OutputFile } from '../../../src/sinks/output-file.ts';
import { TextSink } from '../../../src/sinks/text/text-sink.ts';
import { events, temporaryFolder } from '../fixtures.ts';

/** A limit that only a hang reaches. */
const LONG_MS = 60_000;
const BYTES = 1000;
/** 100 bytes. */
const line = ({ spanId }: { spanId: string }) => `${spanId.padEnd(99, '.')}\n`;

function sinkTo(path: string, keep: number) {
  const warnings: string[] = [];
  const file = new OutputFile(path, { bytes: BYTES, keep });
  const warn = ({ text }: Message) => warnings.push(text);
  const target = { file, name: 'out', owned: true, onFailed: () => assert.fail('it works'), warn };
  return { sink: new TextSink('text', target, '', line), warnings };
}

/** Writes batches of three lines. */
async function write(sink: TextSink, count: number, first = 0): Promise<string[]> {
  const all = events(first + count).slice(first);
  for (let i = 0; i < count; i += 3) sink.write(all.slice(i, i + 3));
  await sink.close(LONG_MS);
  return all.map(line);
}

describe('a file that would grow too large', () => {
  it('becomes FILE.1, and so on: whole lines, in order, and none is lost', async (t) => {
    const at = temporaryFolder(t);
    const { sink, warnings } = sinkTo(at('out'), 100);
    const lines = await write(sink, 60);
    const names = readdirSync(at()).sort((a, b) => a.length - b.length || a.localeCompare(b));
    assert.deepEqual(names, ['out', 'out.1', 'out.2', 'out.3', 'out.4', 'out.5', 'out.6']);
    const texts = names.map((name) => readFileSync(at(name), 'utf8'));
    assert.deepEqual(
      texts.map(({ length }) => length),
      [600, 900, 900, 900, 900, 900, 900],
    );
    assert.equal(texts.reverse().join(''), lines.join(''));
    assert.equal(sink.books().exported, 60);
    assert.deepEqual(warnings, []);
    for (const name of names) assert.equal(statSync(at(name)).mode & 0o777, 0o644 & ~process.umask());
  });

  it('only so many old ones are kept', async (t) => {
    const at = temporaryFolder(t);
    const { sink } = sinkTo(at('out'), 2);
    const lines = await write(sink, 60);
    assert.deepEqual(readdirSync(at()).sort(), ['out', 'out.1', 'out.2']);
    const kept = ['out.2', 'out.1', 'out'].map((name) => readFileSync(at(name), 'utf8')).join('');
    assert.equal(kept, lines.slice(-24).join(''));
  });

  it('what was there before counts, and moves no further than to the first free name', async (t) => {
    const at = temporaryFolder(t);
    for (const name of ['out', 'out.1', 'out.3']) writeFileSync(at(name), `${name.padEnd(799, '.')}\n`);
    const { sink } = sinkTo(at('out'), 5);
    await write(sink, 3);
    const begins = ['out', 'out.1', 'out.2', 'out.3'].map((name) => readFileSync(at(name), 'utf8').slice(0, 5));
    assert.deepEqual(begins, [line(events(1)[0]!).slice(0, 5), 'out..', 'out.1', 'out.3']);
  });

  it('a batch that is larger has a file of its own', async (t) => {
    const at = temporaryFolder(t);
    const { sink } = sinkTo(at('out'), 5);
    sink.write(events(2));
    sink.write(events(20));
    sink.write(events(1));
    await sink.close(LONG_MS);
    assert.deepEqual(
      ['out.2', 'out.1', 'out'].map((name) => statSync(at(name)).size),
      [200, 2000, 100],
    );
  });

  it('behind a symbolic link is rotated where the link leads to', async (t) => {
    const at = temporaryFolder(t);
    mkdirSync(at('data'));
    symlinkSync(at('data', 'real'), at('out'));
    const { sink } = sinkTo(at('out'), 5);
    await write(sink, 15);
    assert.deepEqual(readdirSync(at()).sort(), ['data', 'out']);
    assert.deepEqual(readdirSync(at('data')).sort(), ['real', 'real.1']);
  });

  it('that somebody else has renamed is not renamed again', async (t) => {
    const at = temporaryFolder(t);
    const { sink, warnings } = sinkTo(at('out'), 5);
    sink.write(events(9));
    while (sink.books().queued > 0) await new Promise(setImmediate);
    renameSync(at('out'), at('theirs'));
    await write(sink, 3, 9);
    assert.deepEqual(readdirSync(at()).sort(), ['out', 'theirs']);
    assert.deepEqual([statSync(at('theirs')).size, statSync(at('out')).size], [900, 300]);
    assert.deepEqual(warnings, []);
  });

  it('that cannot be rotated grows on, and the next try comes when it has grown as much again', async (t) => {
    const at = temporaryFolder(t);
    // A file cannot replace a folder.
    mkdirSync(at('out.1'));
    const { sink, warnings } = sinkTo(at('out'), 1);
    for (let i = 0; i < 8; i++) sink.write(events(3));
    while (sink.books().queued > 0) await new Promise(setImmediate);
    assert.deepEqual(
      warnings,
      Array(2).fill('cannot rotate out: illegal operation on a directory. It grows on, and nothing is lost.'),
    );
    rmdirSync(at('out.1'));
    sink.write(events(9));
    await sink.close(LONG_MS);
    assert.deepEqual([statSync(at('out.1')).size, statSync(at('out')).size], [2400, 900]);
    assert.equal(sink.books().exported, 33);
  });
});
