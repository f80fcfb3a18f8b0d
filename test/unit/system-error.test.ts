// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { systemName, systemWords } from '../../src/errors.ts';

/** As Node.js makes it; older versions write `UNKNOWN: unknown error`. */
const failed = (code: string, words: string, errno: number) =>
  Object.assign(new Error(`${code}: ${words}, open '/a, b'`), { code, errno, syscall: 'open', path: '/a, b' });
const shown = (error: Error) => [systemName(error), systemWords(error)];

it('an error that Node.js has no name for has that of the kernel, or its number', () => {
  for (const [code, words] of [
    ['Unknown system error -117', 'Unknown system error -117'],
    ['UNKNOWN', 'unknown error'],
  ] as const) {
    assert.deepEqual(shown(failed(code, words, -117)), ['EUCLEAN', 'structure needs cleaning']);
    assert.deepEqual(shown(failed(code, words, -999)), ['ERRNO_999', 'error number 999']);
  }
});

it('any other error has the name and the words of Node.js', () => {
  assert.throws(
    () => readFileSync('/proc/none'),
    (error: Error) => {
      assert.deepEqual(shown(error), ['ENOENT', 'no such file or directory']);
      return true;
    },
  );
  assert.deepEqual(shown(new Error('anything')), ['error', 'anything']);
});
