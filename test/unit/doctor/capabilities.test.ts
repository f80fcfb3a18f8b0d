// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { capabilities, optionalCapabilities } from '../../../src/doctor/capabilities.ts';
import { privilegeError } from '../../../src/host/capabilities.ts';
import { folderWith, ODD_TEXTS, status } from './host-files.ts';

const INITIAL = 'user:[4026531837]';
const ALL = '000001ffffffffff';
/** From Linux 5.9 to now, and before 5.8. */
const [LAST, LAST_5_4] = ['40\n', '37\n'];

const bits = (...numbers: number[]) =>
  numbers
    .reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)
    .toString(16)
    .padStart(16, '0');
const [DAC_READ_SEARCH, SYS_PTRACE, SYS_ADMIN, SYSLOG, PERFMON, BPF] = [2, 19, 21, 34, 38, 39] as const;
const CHECKPOINT_RESTORE = 40;

function paths(t: TestContext, effective: string, { last = LAST, namespace = INITIAL } = {}) {
  const at = folderWith(t, { status: status(effective), last });
  symlinkSync(namespace, at('user'));
  return { status: at('status'), lastCapability: at('last'), userNamespace: at('user') };
}

describe('capabilities', () => {
  for (const [what, effective, last, why] of [
    ['none', bits(), LAST, 'may not load BPF programs: CAP_BPF and CAP_PERFMON are missing.'],
    ['one', bits(BPF), LAST, 'may not load BPF programs: CAP_PERFMON is missing.'],
    ['the other', bits(PERFMON), LAST, 'may not load BPF programs: CAP_BPF is missing.'],
    ['neither counts before 5.8', bits(), LAST_5_4, 'may not load BPF programs: CAP_SYS_ADMIN is missing.'],
  ] as const) {
    it(`${what}: fails, and names what is missing`, (t) => {
      const found = capabilities(paths(t, effective, { last }));
      assert.equal(found.status, 'fail');
      assert.equal(found.why, why);
      for (const name of why.match(/CAP_\w+/g)!) assert.ok('todo' in found && found.todo.includes(name));
    });
  }

  it('with both is ok', (t) => {
    const found = capabilities(paths(t, bits(BPF, PERFMON)));
    assert.deepEqual(found, { status: 'ok', why: 'CAP_BPF and CAP_PERFMON are effective.' });
  });

  it('CAP_SYS_ADMIN stands for both', (t) => {
    const found = capabilities(paths(t, bits(SYS_ADMIN)));
    assert.deepEqual(found, { status: 'ok', why: 'CAP_SYS_ADMIN is effective, which is enough.' });
  });

  it('in a user namespace all of them count as none', (t) => {
    const found = capabilities(paths(t, ALL, { namespace: 'user:[4026532177]' }));
    assert.equal(found.status, 'fail');
    assert.match(found.why, /in its own user namespace/);
    const optional = optionalCapabilities(paths(t, ALL, { namespace: 'user:[4026532177]' }));
    assert.ok(optional.status === 'warn' && found.status === 'fail');
    assert.equal(optional.todo, found.todo);
  });

  it('advises root, whom sudo would not help, to have them added', (t) => {
    const todo = (uid: number) => privilegeError(paths(t, bits(BPF)), undefined, uid)!.todo;
    assert.match(todo(0), /^Grant it: --cap-add PERFMON with docker.*add: \[PERFMON\] in Kubernetes/);
    assert.doesNotMatch(todo(0), /sudo/);
    assert.match(todo(1000), /^Grant it: run it with sudo/);
  });

  it('uses the words of run', (t) => {
    const some = paths(t, bits(BPF));
    const { why, todo, exitCode } = privilegeError(some)!;
    assert.deepEqual(capabilities(some), { status: 'fail', why, todo, exitCode: 3 });
    assert.equal(exitCode, 3);
  });

  it('a kernel without user namespaces has no such link', (t) => {
    const some = { ...paths(t, ALL), userNamespace: '/nonexistent' };
    assert.equal(capabilities(some).status, 'ok');
  });

  for (const text of ODD_TEXTS) {
    it(`odd contents ${JSON.stringify(text)} are unknown, not none`, (t) => {
      const at = folderWith(t, { status: text, last: text });
      const odd = { status: at('status'), lastCapability: at('last'), userNamespace: at('none') };
      for (const found of [capabilities(odd), optionalCapabilities(odd)]) {
        assert.equal(found.status, 'ok');
        assert.match(found.why, /^unknown: /);
      }
    });
  }
});

describe('optional capabilities', () => {
  it('tells the purpose of each missing one', (t) => {
    const found = optionalCapabilities(paths(t, bits(BPF, PERFMON, SYSLOG)));
    assert.deepEqual(found, {
      status: 'warn',
      why: 'without CAP_SYS_PTRACE (services, executables and spans of other processes), CAP_DAC_READ_SEARCH (services and spans of processes of other users), CAP_CHECKPOINT_RESTORE (spans of processes whose libraries an upgrade has replaced).',
      todo: 'Grant those that you need.',
    });
  });

  it('is ok with all', (t) => {
    // CAP_SYS_ADMIN is none of them: only --verbose has a use for it.
    const all = bits(DAC_READ_SEARCH, SYS_PTRACE, SYSLOG, CHECKPOINT_RESTORE);
    assert.equal(optionalCapabilities(paths(t, all)).status, 'ok');
  });

  it('has none in a user namespace', (t) => {
    const found = optionalCapabilities(paths(t, ALL, { namespace: 'user:[4026532177]' }));
    assert.equal(found.status, 'warn');
    assert.match(found.why, /CAP_SYSLOG.*CAP_SYS_PTRACE.*CAP_CHECKPOINT_RESTORE/);
  });
});
