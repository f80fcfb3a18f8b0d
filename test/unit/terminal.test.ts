// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, wrap } from '../../src/terminal.ts';

test('characters that move the cursor, reverse the text or end the line become question marks', () => {
  assert.equal(printable('a\x1b[2Jb\rc\nd\u202ee\u2028f\u2029g'), 'a?[2Jb?c?d?e?f?g');
  assert.equal(printable('Käse 中 😀'), 'Käse 中 😀');
});

test('wrap() breaks between words, and never within a long one', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('a much-too-long-word b', 6), ['a', 'much-too-long-word', 'b']);
});
