// SPDX-License-Identifier: Apache-2.0
// Yama's ptrace_scope of 3, which no process can lower again: run and doctor name it. The last test of its machine.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { NO_FOREIGN_MEMORY, PTRACE_SCOPE } from '../../../src/host/ptrace-scope.ts';
import { runDeprived } from '../../support/deprived.ts';

const { why, todo } = NO_FOREIGN_MEMORY;

it('ptrace_scope 3: run and doctor give the reason', () => {
  assert.doesNotMatch(runDeprived([], ['-d', '0.2', '-o', 'json']).stderr, /ptrace_scope/);
  writeFileSync(PTRACE_SCOPE, '3');
  const { status, stderr } = runDeprived([], ['-d', '0.2', '-o', 'json']);
  assert.equal(status, 0, stderr);
  assert.ok(stderr.includes(`compactstall: ${why} ${todo}\n`), stderr);
  assert.doesNotMatch(runDeprived([], ['-d', '0.2', '-o', 'none']).stderr, /ptrace_scope/);

  const { stdout } = runDeprived([], ['doctor', '--json']);
  const check = (id: string) => JSON.parse(stdout).checks.find((one: { id: string }) => one.id === id);
  assert.deepEqual(check('ptrace_scope'), { id: 'ptrace_scope', status: 'warn', why, todo });
});
