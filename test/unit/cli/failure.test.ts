// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Metadata } from '@grpc/grpc-js';
import { failureOf } from '../../../src/cli/failure.ts';
import { EXIT, usageError } from '../../../src/errors.ts';

const HERE = dirname(fileURLToPath(import.meta.url));

function failureIn(throwing: () => unknown) {
  try {
    throwing();
  } catch (error) {
    return failureOf(error, HERE);
  }
  throw new Error('nothing was thrown');
}

describe('an error that ends a command', () => {
  it('in an installed package: a defect of ours has its message, one in a bundled library does not', () => {
    const own = '/srv/node_modules/compactstall/';
    const saidOf = (file: string) => {
      const error = new TypeError('SECRET');
      error.stack = `TypeError: SECRET\n    at f (file://${own}${file}:1:1)`;
      return failureOf(error, own).said.text;
    };
    assert.match(saidOf('dist/agent/run.js'), /TypeError: SECRET$/);
    assert.match(saidOf('dist/libraries/@grpc-grpc-js.js'), /TypeError$/);
    assert.match(saidOf('node_modules/yaml/index.js'), /TypeError$/);
  });

  it('a sentence for the user', () => {
    const { exitCode, said, detail } = failureOf(usageError('this is wrong.'));
    assert.deepEqual(
      { exitCode, code: said.code, text: said.text, detail },
      { exitCode: EXIT.USAGE, code: 'wrong_option', text: 'this is wrong.', detail: undefined },
    );
  });

  it('a call that the system refused is no internal error', () => {
    const { exitCode, said, detail, always } = failureIn(() => readFileSync('/no/such/file'));
    assert.equal(exitCode, EXIT.FAILURE);
    assert.match(
      said.text,
      /^the system refused a call: ENOENT: no such file or directory, open '\/no\/such\/file'\. --verbose /,
    );
    assert.match(detail ?? '', /failure\.test\.ts/);
    assert.equal(always, false);
  });

  it('a defect of ours: its message, and where', () => {
    const { said, detail, always } = failureIn(() => (undefined as unknown as { x: number }).x);
    assert.match(said.text, /^internal error, please report it: TypeError: Cannot read properties of undefined/);
    assert.match(detail ?? '', /^\s+at .*failure\.test\.ts/);
    assert.ok(always);
  });

  for (const [what, throwing] of [
    ['a library', () => new Metadata().set('x', 'SECRET\n')],
    ['Node.js', () => JSON.parse('SECRET')],
    ['a library, with its own cause', () => new Metadata().set('x SECRET', 'y')],
  ] as const) {
    it(`${what} threw: its message, which may quote a setting, is left out`, () => {
      const { said, detail } = failureIn(throwing);
      assert.match(said.text, /^internal error, please report it: \w*Error$/);
      assert.doesNotMatch(detail ?? '', /SECRET/);
      assert.match(detail ?? '', /^\s+at /);
    });
  }

  it('something that is no error', () => {
    assert.equal(failureOf('SECRET').said.text, 'internal error, please report it: string');
  });
});
