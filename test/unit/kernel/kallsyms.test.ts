// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { comparableAddress, readKallsyms } from '../../../src/kernel/kallsyms.ts';
import { fixture, fixtureText, temporaryFolder } from '../fixtures.ts';

/** The text symbols as `address name`, in the order of the table. */
function read(path: string | URL): string[] {
  const file = openSync(path, 'r');
  try {
    const { addresses, nameStarts, names } = readKallsyms(file);
    assert.equal(addresses.length, nameStarts.length);
    return Array.from(addresses, (address, i) => {
      const start = nameStarts[i]!;
      return `${address.toString(16).padStart(13, '0')} ${names.toString('latin1', start, names.indexOf('\n', start))}`;
    });
  } finally {
    closeSync(file);
  }
}

function readText(t: TestContext, text: string): string[] {
  const path = temporaryFolder(t)('kallsyms');
  writeFileSync(path, text, 'latin1');
  return read(path);
}

/** The same, by splitting the text. */
function expected(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => / [tTwW] /.test(line) && !line.startsWith('0000000000000000'))
    .map((line) => `${line.slice(3, 16)} ${line.slice(19)}`)
    .sort();
}

describe('kallsyms', () => {
  it('a real excerpt: every text symbol, by address, with its module', () => {
    const found = read(fixture('kernel/kallsyms.txt'));
    assert.deepEqual([...found].sort(), expected(fixtureText('kernel/kallsyms.txt')));
    assert.ok(found.some((symbol) => /^f[0-9a-f]{12} vfs_write$/.test(symbol)));
    assert.ok(found.some((symbol) => /bpf_prog_[0-9a-f]+_cs_tp_btf_end\t\[bpf\]$/.test(symbol)));
  });

  it('only text: data, absolute and per-CPU symbols are left out', (t) => {
    const types = 'AabBdDgGirRsStTuUvVwWn-?';
    const lines = [...types].map(
      (type, i) => `ffffffff8100${(i * 16).toString(16).padStart(4, '0')} ${type} of_${type}\n`,
    );
    const found = readText(t, lines.join('')).map((symbol) => symbol.at(-1));
    assert.deepEqual(found, ['t', 'T', 'w', 'W']);
  });

  it('modules loaded in another order than that of their addresses are sorted', (t) => {
    const found = readText(
      t,
      [
        'ffffffff81000000 T _stext',
        'ffffffffc0300000 t third\t[c]',
        'ffffffffc0100000 t first\t[a]',
        'ffffffffc0200000 t second\t[b]',
        'ffffffff80000000 t below\t[d]',
        'ffffffff81000010 T early',
        '',
      ].join('\n'),
    );
    assert.deepEqual(
      found.map((symbol) => symbol.slice(14)),
      ['below\t[d]', '_stext', 'early', 'first\t[a]', 'second\t[b]', 'third\t[c]'],
    );
  });

  it('lines across the end of a read, at every offset', (t) => {
    // Lines of 32 bytes divide 256 KiB; the first line shifts all the others.
    for (const shift of [0, 1, 15, 16, 17, 18, 19, 20, 31]) {
      let text = `ffffffff80000000 T ${'x'.repeat(12 + shift)}\n`;
      for (let i = 0; i < 20_000; i++)
        text += `ffffffff8${(i + 1).toString(16).padStart(7, '0')} t s${String(i).padStart(11, '0')}\n`;
      assert.equal(text.length, 20_001 * 32 + shift);
      assert.deepEqual(readText(t, text), expected(text), `shifted by ${shift}`);
    }
  });

  it('more symbols and longer names than the initial room', (t) => {
    let text = '';
    for (let i = 0; i < 140_000; i++)
      text += `ffffffff8${(i + 1).toString(16).padStart(7, '0')} t ${'n'.repeat(i % 40)}${i}\n`;
    assert.deepEqual(readText(t, text), expected(text));
  });

  it('hidden addresses are all zero: no symbols', (t) => {
    assert.deepEqual(readText(t, '0000000000000000 T _stext\n0000000000000000 t foo\t[bar]\n'), []);
  });

  it('lines that are none, as of something that is mounted over the file', (t) => {
    const good = 'ffffffff81000000 T _stext\n';
    const bad = [
      '',
      't',
      'ffffffff8100000g T x',
      'fff%zzffff81000010 T x',
      'ffffffff81000000 T ',
      '\n'.repeat(17),
      'x'.repeat(17),
    ];
    for (const line of bad) {
      assert.deepEqual(readText(t, `${line}\n${good}`), expected(good), line);
      assert.deepEqual(readText(t, `${good}${line}\n`), expected(good), line);
    }
  });

  it('an empty file: no symbols', (t) => assert.deepEqual(readText(t, ''), []));

  it('addresses keep their order as numbers, and their last digit', () => {
    assert.equal(comparableAddress(0xffffffff81000001n) - comparableAddress(0xffffffff81000000n), 1);
    assert.ok(comparableAddress(0xffff800080000000n) < comparableAddress(0xffffffffc0000000n));
    assert.equal(comparableAddress(0xffffffffffffffffn), 0xfffffffffffff);
  });
});
