// SPDX-License-Identifier: Apache-2.0
// Yama's ptrace_scope of 3, which no process can lower again: run and doctor name it. The last test of its machine.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { NO_FOREIGN_MEMORY, PTRACE_SCOPE } from '../../../src/host/ptrace-scope.ts';
import { CommandedProgram } from '../../support/commanded-program.ts';
import { runDeprived } from '../../support/deprived.ts';

const { why, todo } = NO_FOREIGN_MEMORY;

it('ptrace_scope 3: run and doctor give the reason, and no advice on rights', async () => {
  assert.doesNotMatch(runDeprived([], ['-d', '0.2', '-o', 'json']).stderr, /ptrace_scope/);
  writeFileSync(PTRACE_SCOPE, '3');
  const { status, stderr } = runDeprived([], ['-d', '0.2', '-o', 'json']);
  assert.equal(status, 0, stderr);
  assert.ok(stderr.includes(`compactstall: ${why} ${todo}\n`), stderr);
  assert.doesNotMatch(runDeprived([], ['-d', '0.2', '-o', 'none']).stderr, /ptrace_scope/);

  const shell = new CommandedProgram('sh', ['-c', 'read -r _'], { OTEL_SERVICE_NAME: 'shop' });
  const { stdout } = runDeprived([], ['doctor', '--json', '--pid', `${shell.pid}`]);
  const check = (id: string) => JSON.parse(stdout).checks.find((one: { id: string }) => one.id === id);
  assert.deepEqual(check('ptrace_scope'), { id: 'ptrace_scope', status: 'warn', why, todo });
  // The environment is readable all the same.
  assert.match(check('process').why, /service shop; its spans are not known: kernel\.yama\.ptrace_scope is 3/);
  assert.equal(check('process').todo, todo);
  await shell.end();
});
