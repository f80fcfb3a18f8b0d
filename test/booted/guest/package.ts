// SPDX-License-Identifier: Apache-2.0
/** The Debian package and its upgrade, in the machine. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { fileList } from '../../support/file-list.ts';

const revisionOf = (revision: string) => ({ revision, path: `/packages/compactstall-${revision}.deb` });
/** The same program, as the first and as the second revision of the package. */
export const FIRST = revisionOf('1');
export const SECOND = revisionOf('2');
export const PACKAGES = [FIRST, SECOND];

/** The files of the system as they were before the first installation. */
export const LIST_BEFORE = '/run/files-before-installation';

/** Runs apt-get as an administrator's script does. Fails with what it printed. */
export function apt(...words: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr } = spawnSync('apt-get', ['--yes', ...words], { encoding: 'utf8', env });
  assert.equal(status, 0, `apt-get ${words.join(' ')}\n${stdout}\n${stderr}`);
}

/** The files of the system, without what systemd, its journal and the tests write by themselves. */
export function listFiles(): string[] {
  const script = fileList('/tmp', '/var/tmp', '/root', '/var/log/journal', '/var/lib/systemd/timers');
  return execFileSync('sh', ['-c', script], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .trim()
    .split('\n');
}
