// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bpfRefused, seccompFiltered } from '../../../src/host/refused-calls.ts';
import { folderWith } from '../doctor/host-files.ts';

describe('bpf(2) that is refused, whatever it asks for', () => {
  for (const [what, errno, filtered, why, todo] of [
    [
      'by a seccomp filter',
      'EPERM',
      true,
      /\(EPERM\), although .*: a seccomp filter is in force\.$/,
      /seccomp=PROFILE/,
    ],
    ['by a filter that plays an old kernel', 'ENOSYS', true, /\(ENOSYS\), .* a seccomp filter is in force/, /PROFILE/],
    ['by a kernel without it', 'ENOSYS', false, /^this kernel has no bpf\(2\)\.$/, /CONFIG_BPF_SYSCALL/],
    [
      'by a security module',
      'EACCES',
      false,
      /a security module refuses it, as no seccomp filter/,
      /AppArmor or SELinux/,
    ],
    ['by whom is not known', 'EPERM', undefined, /who refuses it is not known\.$/, /seccomp/],
  ] as const) {
    it(what, () => {
      const error = bpfRefused(errno, filtered, 'log');
      assert.match(error.why, why);
      assert.match(error.todo, todo);
      assert.equal(error.exitCode, 3);
    });
  }
});

describe('a seccomp filter', () => {
  it('is in force, is not, or is not known', (t) => {
    const at = folderWith(t, { none: 'Seccomp:\t0\n', filter: 'NoNewPrivs:\t1\nSeccomp:\t2\nSpeculation:\n', odd: '' });
    assert.deepEqual(
      ['none', 'filter', 'odd', 'missing'].map((name) => seccompFiltered(at(name))),
      [false, true, undefined, undefined],
    );
  });
});
