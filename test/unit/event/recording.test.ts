// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { appendFileSync, closeSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { EXIT, UserError } from '../../../src/errors.ts';
import { balances, equations } from '../../../src/event/books.ts';
import { type AgentEvent, type CompactionEvent, isCompaction } from '../../../src/event/event.ts';
import { parseEvent } from '../../../src/event/parse.ts';
import { Recording } from '../../../src/event/recording.ts';
import { jsonLine } from '../../../src/sinks/text/json.ts';
import { event, events, notRecorded, temporaryFolder } from '../fixtures.ts';

/** Always has room. */
const enough = async () => Number.POSITIVE_INFINITY;

/** Reads a file to its end. */
async function readFile(path: string) {
  const warnings: string[] = [];
  const found: CompactionEvent[] = [];
  const batches: number[] = [];
  const recording = Recording.open('replay', path, ({ text }) => warnings.push(text));
  await recording.run((batch) => {
    batches.push(batch.length);
    found.push(...batch.filter(isCompaction));
  }, enough);
  await recording.stop();
  const books = recording.books();
  assert.ok(equations(books, []).every(balances));
  assert.equal(books.decoded, found.length);
  assert.equal(books.pendingBytes, 0);
  return { warnings, found, batches, books, path };
}

function read(t: TestContext, text: string | Buffer) {
  const path = temporaryFolder(t)('recording.jsonl');
  writeFileSync(path, text);
  return readFile(path);
}

const lines = (list: readonly CompactionEvent[]) => list.map(jsonLine).join('');

it('equal stacks and hosts are one object, unless they are larger than any agent makes them', async (t) => {
  const of = (length: number) =>
    event(0, { stack: ['x'.repeat(length)], host: { name: 'h'.repeat(Math.ceil(length / 10)) } });
  const { found } = await read(t, lines([of(1000), of(1000), of(20_000), of(20_000)]));
  const [one, same, large, other] = found;
  assert.equal(one!.stack, same!.stack);
  assert.equal(one!.host, same!.host);
  assert.deepEqual(large, other);
  assert.notEqual(large!.stack, other!.stack);
  assert.notEqual(large!.host, other!.host);
});

describe('a recording', () => {
  it('gives the events that were written, in order', async (t) => {
    const written = events(1000);
    const { found, warnings, books } = await read(t, lines(written));
    assert.deepEqual(found, written);
    assert.deepEqual(warnings, []);
    assert.deepEqual(books, { received: 1000, decoded: 1000, malformed: 0, pendingBytes: 0 });
  });

  it('leaves out what the filters do not select, by the first that does not, and counts it', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    const wanted = event(1, { pid: 5, durationNano: 1000 });
    const left = notRecorded();
    writeFileSync(
      path,
      lines([wanted, event(2, { pid: 6 }), event(3, { pid: 6, trigger: 'manual' })]) +
        lines([event(4, { pid: 5, trigger: 'manual', durationNano: 1 }), event(5, { pid: 5, durationNano: 999 })]) +
        jsonLine(left),
    );
    const selection = { pid: 5, triggers: ['direct'], minDurationNs: 1000 } as const;
    const recording = Recording.open('replay', path, () => {}, selection);
    const found: AgentEvent[] = [];
    await recording.run((batch) => found.push(...batch), enough);
    assert.deepEqual(found, [wanted, left]);
    const books = recording.books();
    assert.deepEqual(books.selection, { selected: 1, filtered: { pid: 2, trigger: 1, min_duration: 1 } });
    const all = equations(books, [{ name: 'x', books: { accepted: 2, exported: 2, queued: 0, dropped: {} } }]);
    assert.ok(all.every(balances));
    assert.deepEqual(
      all.map(({ name, total }) => [name, total]),
      [
        ['received', 5],
        ['decoded', 5],
        ['events', 2],
        ['events', 2],
      ],
    );
  });

  it('has what was not recorded: delivered like the others, but counted separately', async (t) => {
    const [first, second] = [notRecorded(), notRecorded({ count: 3 })];
    const lost = notRecorded({ count: 5, reason: 'ring_full' });
    const text = jsonLine(first) + lines(events(2)) + jsonLine(second) + jsonLine(lost);
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, text);
    const recording = Recording.open('replay', path, () => {});
    const found: AgentEvent[] = [];
    await recording.run((batch) => found.push(...batch), enough);
    assert.deepEqual(found, [first, ...events(2), second, lost]);
    assert.deepEqual(recording.books(), {
      received: 2,
      decoded: 2,
      malformed: 0,
      pendingBytes: 0,
      notRecorded: { events: 3, compactions: { rate: first.count + 3, ring_full: 5 } },
    });
  });

  it('comes in batches, and waits for room before the next batch', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, lines(events(700)));
    const recording = Recording.open('replay', path, () => {});
    let taking = 0;
    const sizes: number[] = [];
    await recording.run(
      (batch) => {
        taking += 1;
        assert.equal(taking, 1, 'one at a time');
        sizes.push(batch.length);
      },
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        taking = 0;
        return Number.POSITIVE_INFINITY;
      },
    );
    assert.deepEqual(sizes, [256, 256, 188]);
  });

  it('is printable, and every name comes back', async (t) => {
    const written = events(2, { comm: '\x1b[2J\u009b\u202e\u2028' });
    assert.ok(!/[\p{Cf}\p{Zl}\u0080-\u009f]/u.test(lines(written)));
    assert.deepEqual((await read(t, lines(written))).found, written);
  });

  it('comes in smaller batches where less fits', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, lines(events(300)));
    const recording = Recording.open('replay', path, () => {});
    const found: CompactionEvent[] = [];
    const sizes = new Set<number>();
    await recording.run(
      (batch) => {
        sizes.add(batch.length);
        found.push(...batch.filter(isCompaction));
      },
      async () => 100,
    );
    assert.deepEqual(found, events(300));
    assert.deepEqual([...sizes], [100, 56, 44]);
  });

  it('equal stacks are one array, across batches', async (t) => {
    const written = Array.from({ length: 600 }, (_, n) => event(n, { stack: [`f+0x${n % 2}`, 'g+0x1'] }));
    const { found } = await read(t, lines(written));
    assert.equal(new Set(found.map(({ stack }) => stack)).size, 2);
    assert.deepEqual(found, written);
  });

  it('stacks that are equal only when joined are two', async (t) => {
    const { found } = await read(t, lines([event(0, { stack: ['a\nb'] }), event(1, { stack: ['a', 'b'] })]));
    assert.deepEqual(found.map(({ stack }) => stack), [['a\nb'], ['a', 'b']]); // biome-ignore format: one line
  });

  for (const [what, text] of [
    ['the last line without its end', lines(events(3)).slice(0, -1)],
    ['a byte order mark', `\ufeff${lines(events(3))}`],
    ['CRLF', lines(events(3)).replaceAll('\n', '\r\n')],
    ['empty lines between', `\n${lines(events(3)).replaceAll('\n', '\n\n   \n')}\n`],
  ] as const) {
    it(what, async (t) => {
      const { found, warnings } = await read(t, text);
      assert.deepEqual(found, events(3));
      assert.deepEqual(warnings, []);
    });
  }

  it('an empty file: no events, no complaint', async (t) => {
    const { found, warnings, batches } = await read(t, '');
    assert.deepEqual([found, warnings, batches], [[], [], []]);
  });

  it('very long lines, longer than one read', async (t) => {
    const stack = Array.from({ length: 20_000 }, (_, i) => `function_number_${i}+0x${i.toString(16)}`);
    const written = [event(0), event(1, { stack }), event(2)];
    const { found } = await read(t, lines(written));
    assert.deepEqual(found, written);
  });

  it('letters of several bytes, wherever a read ends', async (t) => {
    const written = Array.from({ length: 2000 }, (_, n) => event(n, { comm: `${'x'.repeat(n % 7)}日本🐢` }));
    const { found } = await read(t, lines(written));
    assert.deepEqual(found, written);
  });

  it('Unicode’s line separators in a name do not end a line', async (t) => {
    const written = ['a\u2028b', 'a\u2029b', 'a\u0085b', 'a\rb', 'a\nb', 'a\u000bb'].map((comm, n) =>
      event(n, { comm }),
    );
    const { found, warnings } = await read(t, lines(written));
    assert.deepEqual(warnings, []);
    assert.deepEqual(found, written);
  });
});

describe('a malformed line', () => {
  it('is reported with file, line and reason, and counted; the rest goes on', async (t) => {
    const written = events(4).map(jsonLine);
    written.splice(2, 0, `${JSON.stringify({ ...event(9), pid: 'x' })}\n`);
    const { found, warnings, books, path } = await read(t, written.join(''));
    assert.deepEqual(found, events(4));
    assert.deepEqual(warnings, [`${path}:3: pid: expected an integer of 0 or more, got "x"; line skipped.`]);
    const reported = { events: 1, compactions: { malformed: 1 } };
    assert.deepEqual(books, { received: 5, decoded: 4, malformed: 1, pendingBytes: 0, notRecorded: reported });
  });

  it('is a gap from the last good line to the next one, with the same ids each time', async (t) => {
    const at = (seconds: number) => event(seconds, { startUnixNano: `${seconds}000000000` });
    const good = [5, 7, 6].map((seconds) => jsonLine(at(seconds)));
    const text = `a\n${good[0]}b\nc\n${good[1]}${good[1]}d\n${good[2]}e\n`;
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, text);
    const replayed = async () => {
      const recording = Recording.open('replay', path, () => {});
      const found: AgentEvent[] = [];
      await recording.run((batch) => found.push(...batch), enough);
      const sink = { name: 'x', books: { accepted: 8, exported: 8, queued: 0, dropped: {} } };
      assert.ok(equations(recording.books(), [sink]).every(balances));
      return found;
    };
    const found = await replayed();
    assert.deepEqual(
      found.map((one) =>
        isCompaction(one) ? one.startUnixNano : [one.startUnixNano, one.durationNano, one.count, one.reason],
      ),
      [
        ['5000000000', 0, 1, 'malformed'],
        '5000000000',
        ['5000000000', 2e9, 2, 'malformed'],
        ...['7000000000', '7000000000'],
        ['6000000000', 1e9, 1, 'malformed'],
        '6000000000',
        ['6000000000', 0, 1, 'malformed'],
      ],
    );
    for (const one of found) assert.deepEqual(parseEvent(JSON.stringify(one)), one);
    const gaps = found.filter((one) => !isCompaction(one));
    assert.equal(new Set(gaps.map(({ spanId }) => spanId)).size, 4);
    assert.deepEqual(await replayed(), found);
  });

  it('is a gap of the host of the line before it', async (t) => {
    const [one, other] = events(2).map((event, i) => ({ ...event, host: { name: `node-${i}` } }));
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, `${jsonLine(one!)}a\n${jsonLine(other!)}${jsonLine(one!)}`);
    const found: AgentEvent[] = [];
    await Recording.open('replay', path, () => {}).run((batch) => found.push(...batch), enough);
    assert.deepEqual(
      found.map(({ host }) => host?.name),
      ['node-0', 'node-0', 'node-1', 'node-0'],
    );
    assert.equal(found[0]!.host, found[3]!.host, 'shared');
  });

  it('in a file without a good one is no gap: no time is known', async (t) => {
    const { books } = await read(t, 'broken\nbroken\n');
    assert.deepEqual(books, { received: 2, decoded: 0, malformed: 2, pendingBytes: 0 });
  });

  it('empty lines count as lines of the file', async (t) => {
    const { warnings, path } = await read(t, `\r\n\n${lines(events(1))}\nnull\n`);
    assert.deepEqual(warnings, [`${path}:5: not a JSON object; line skipped.`]);
  });

  it('a line cut off by a crash is malformed', async (t) => {
    const { found, warnings, path } = await read(t, lines(events(3)).slice(0, -40));
    assert.deepEqual(found, events(2));
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]!.startsWith(`${path}:3: not JSON (`));
  });

  it('ten are reported, the others summed up', async (t) => {
    const { warnings, books, path } = await read(t, `${'broken\n'.repeat(13)}${lines(events(1))}`);
    assert.equal(warnings.length, 11);
    assert.equal(warnings.at(-1), `${path}: 3 more malformed lines skipped.`);
    assert.deepEqual([books.decoded, books.malformed], [1, 13]);
  });

  it('exactly ten need no sum', async (t) => {
    const { warnings } = await read(t, 'broken\n'.repeat(10));
    assert.equal(warnings.length, 10);
  });

  it('bytes that are not text', async (t) => {
    const { found, books } = await read(
      t,
      Buffer.concat([Buffer.alloc(300, 0xff), Buffer.from(`\n${lines(events(1))}`)]),
    );
    assert.deepEqual([found.length, books.malformed], [1, 1]);
  });
});

describe('a line that is too long', () => {
  // In characters. What is read at once is 64 KiB.
  const LONGEST = 2 ** 20;
  const padded = (n: number, length: number) => {
    const line = jsonLine(event(n, { comm: '' })).trimEnd();
    return `${line}${' '.repeat(length - line.length)}\n`;
  };

  it('is reported with its number, and counted; lines before and after it are read', async (t) => {
    const file = [padded(0, LONGEST), padded(1, LONGEST + 1), '['.repeat(5_000_000), '\n', padded(2, LONGEST)];
    const { found, warnings, books, path } = await read(t, file.join(''));
    assert.deepEqual(found, [event(0, { comm: '' }), event(2, { comm: '' })]);
    const said = `longer than ${LONGEST} characters; line skipped.`;
    assert.deepEqual(warnings, [`${path}:2: ${said}`, `${path}:3: ${said}`]);
    const reported = { events: 1, compactions: { malformed: 2 } };
    assert.deepEqual(books, { received: 4, decoded: 2, malformed: 2, pendingBytes: 0, notRecorded: reported });
  });

  it('longer than the longest string, in a sparse file', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, '');
    truncateSync(path, 600 * 2 ** 20);
    appendFileSync(path, `\n${lines(events(2))}`);
    const { found, warnings } = await readFile(path);
    assert.deepEqual(found, events(2));
    assert.deepEqual(warnings, [`${path}:1: longer than ${LONGEST} characters; line skipped.`]);
  });
});

describe('a file that cannot be read', () => {
  const failure = (message: string) => (error: unknown) => {
    assert.ok(error instanceof UserError, String((error as Error).stack));
    assert.equal(error.message, message);
    assert.equal(error.exitCode, EXIT.FAILURE);
    return true;
  };
  const HINT = 'Expected a file written with --output json:FILE.';

  it('is not there', async (t) => {
    const path = temporaryFolder(t)('missing');
    await assert.rejects(readFile(path), failure(`cannot read ${path}: no such file or directory. ${HINT}`));
  });

  it('is a folder', async (t) => {
    const path = temporaryFolder(t)('folder');
    mkdirSync(path);
    await assert.rejects(readFile(path), failure(`cannot read ${path}: it is a folder. ${HINT}`));
  });

  it('is below a file', async (t) => {
    const path = temporaryFolder(t)('file');
    writeFileSync(path, '');
    await assert.rejects(readFile(`${path}/x`), failure(`cannot read ${path}/x: not a directory. ${HINT}`));
  });

  it('fails at its first bytes', async () => {
    await assert.rejects(readFile('/proc/self/mem'), failure(`cannot read /proc/self/mem: i/o error. ${HINT}`));
  });

  it('fails while it is read: what was read before is delivered and counted', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, lines(events(2000)));
    const recording = Recording.open('replay', path, () => {});
    let delivered = 0;
    const run = recording.run((batch) => {
      if (delivered === 0) closeSync(recording.file);
      delivered += batch.length;
    }, enough);
    await assert.rejects(run, failure(`cannot read ${path}: bad file descriptor. ${HINT}`));
    assert.ok(delivered > 256 && delivered < 2000, `${delivered}`);
    assert.equal(recording.books().decoded, delivered);
    assert.ok(equations(recording.books(), []).every(balances));
  });

  for (const [form, start, reader] of [
    ['compressed by gzip', gzipSync(lines(events(3))), 'zcat FILE'],
    ['compressed by zstd', zstdCompressSync(lines(events(3))), 'zstdcat FILE'],
    ['compressed by xz', Buffer.from('fd377a585a000004', 'hex'), 'xzcat FILE'],
    ['compressed by bzip2', Buffer.from('BZh91AY&SY'), 'bzcat FILE'],
    ['UTF-16', Buffer.from(`\ufeff${lines(events(3))}`, 'utf16le'), 'iconv -f UTF-16 -t UTF-8 FILE'],
    ['UTF-16', Buffer.from(`\ufeff${lines(events(3))}`, 'utf16le').swap16(), 'iconv -f UTF-16 -t UTF-8 FILE'],
  ] as const) {
    it(`is ${form}`, async (t) => {
      const sentence = `it is ${form}. Convert it: ${reader} | compactstall replay -`;
      const path = temporaryFolder(t)('recording.jsonl');
      writeFileSync(path, start);
      await assert.rejects(readFile(path), failure(`cannot read ${path}: ${sentence}`));
    });
  }
});

describe('stopped in the middle', () => {
  it('delivers nothing more, and the books show what was delivered', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    // The recording is stopped at the malformed line, a batch and a half later.
    writeFileSync(path, `${lines(events(384))}broken\n${lines(events(384))}`);
    const recording = Recording.open('replay', path, () => void recording.stop());
    let delivered = 0;
    await recording.run((batch) => {
      delivered += batch.length;
    }, enough);
    assert.equal(delivered, 256);
    assert.deepEqual(recording.books(), { received: 257, decoded: 256, malformed: 1, pendingBytes: 0 });
  });
});
