// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hiddenKernelFile } from '../../../src/host/kernel-file.ts';

const [PROC, SYSFS, TMPFS, EXT4] = [0x9fa0, 0x62656572, 0x01021994, 0xef53];

/** The file systems of the paths that exist. */
const host =
  (paths: Readonly<Record<string, number>>) =>
  (path: string): number | undefined =>
    ({ '/': EXT4, '/proc': PROC, '/sys': SYSFS, '/sys/kernel': SYSFS, ...paths })[path];

const BTF = '/sys/kernel/btf/vmlinux';

describe('what hides a file of the kernel', () => {
  for (const [what, path, paths, why] of [
    ['nothing', BTF, { '/sys/kernel/btf': SYSFS, [BTF]: SYSFS }, undefined],
    ['nothing: the kernel does not have it', BTF, {}, undefined],
    ['an empty file system over its folder', BTF, { '/sys/kernel/btf': TMPFS }, /^something is mounted over it/],
    ['an empty file system over a folder above', BTF, { '/sys/kernel': TMPFS }, /^something is mounted over it/],
    ['a file of /dev over it', '/proc/kallsyms', { '/proc/kallsyms': TMPFS }, /^something is mounted over it/],
    ['nothing: it is there', '/proc/kallsyms', { '/proc/kallsyms': PROC }, undefined],
    ['/sys that is not mounted', BTF, { '/sys': EXT4, '/sys/kernel': undefined }, /is not mounted there$/],
  ] as const) {
    it(what, () => {
      const found = hiddenKernelFile(path, host(paths as Record<string, number>));
      if (why === undefined) assert.equal(found, undefined);
      else assert.match(found?.why ?? '', why);
    });
  }

  it('of this host: no file is hidden, nor is one that no kernel has', () => {
    for (const path of ['/proc/self/status', '/proc/no-such-file', '/sys/kernel/no-such-file']) {
      assert.equal(hiddenKernelFile(path), undefined);
    }
  });
});
