// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, wrap } from '../../src/terminal.ts';

test('what would move the cursor, turn the text around or end the line is shown as a question mark', () => {
  assert.equal(printable('a\x1b[2Jb\rc\nd\u202ee\u2028f\u2029g'), 'a?[2Jb?c?d?e?f?g');
  assert.equal(printable('Käse 中 😀'), 'Käse 中 😀');
});

test('wrap() breaks between words, and leaves a word that is too long whole', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('a much-too-long-word b', 6), ['a', 'much-too-long-word', 'b']);
});
