// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excerpt, printable, printableJson, wrap } from '../../src/terminal.ts';

test('characters that move the cursor, reverse the text or end the line become question marks', () => {
  assert.equal(printable('a\x1b[2Jb\rc\nd\u202ee\u2028f\u2029g'), 'a?[2Jb?c?d?e?f?g');
  assert.equal(printable('Käse 中 😀'), 'Käse 中 😀');
});

test('wrap() breaks between words, and never within a long one', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('a much-too-long-word b', 6), ['a', 'much-too-long-word', 'b']);
});

test('in JSON such characters are escaped, and nothing is lost', () => {
  const value = { comm: '\x1b[2J\x7f\u009b2J\u202e\u2028\u{e0001}Käse 😀' };
  const json = printableJson(JSON.stringify(value, null, 2));
  assert.deepEqual(JSON.parse(json), value);
  assert.equal(json, '{\n  "comm": "\\u001b[2J\\u007f\\u009b2J\\u202e\\u2028\\udb40\\udc01Käse 😀"\n}');
});

test('an excerpt is one short line without a full stop', () => {
  assert.equal(excerpt(' clock\n\tis wrong.. '), 'clock is wrong');
  assert.equal(excerpt('\x1b[2J\u202e'), '?[2J?');
  assert.equal(excerpt('😀'.repeat(1e6)), `${'😀'.repeat(300)}...`);
  assert.equal(excerpt('abc', 2), 'ab...');
});
