// SPDX-License-Identifier: Apache-2.0
// The Debian package is installed in a system that runs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { apt, FIRST, LIST_BEFORE, listFiles } from './package.ts';
import { property, UNIT } from './systemd.ts';

describe('the Debian package', () => {
  it('is installed, without a network', () => {
    writeFileSync(LIST_BEFORE, listFiles().join('\n'));
    apt('install', FIRST.path);
  });

  it('has a service that neither runs nor starts with the system until it is enabled', () => {
    const { stdout } = spawnSync('systemctl', ['is-enabled', UNIT], { encoding: 'utf8' });
    assert.equal(stdout.trim(), 'disabled');
    assert.equal(property('ActiveState'), 'inactive');
  });
});
