// SPDX-License-Identifier: Apache-2.0
// The Debian package is upgraded and removed while its service runs.
import assert from 'node:assert/strict';
import { execSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { parseLines } from '../../support/agent.ts';
import { changes } from '../../support/file-list.ts';
import { Shell } from '../../support/shell.ts';
import { apt, LIST_BEFORE, listFiles, SECOND } from './package.ts';
import { change, journal, mainPid, processes, property, starts, UNIT, until } from './systemd.ts';

const RECORDING = '/var/log/compactstall/upgraded.jsonl';
const SETTINGS = '/etc/default/compactstall';

describe('the Debian package, while its service runs', () => {
  const shell = new Shell();
  after(() => shell.end());
  const stalls = () =>
    existsSync(RECORDING) ? parseLines(readFileSync(RECORDING, 'utf8')).filter(({ pid }) => pid === shell.pid) : [];
  /** Stalls once, and waits until the service has written that down. */
  const stall = async () => {
    const before = stalls().length;
    await shell.stall();
    await until(() => stalls().length > before);
  };

  it('is upgraded: the service ends with balanced books, and goes on as what was installed', async () => {
    change();
    appendFileSync(SETTINGS, `OPTIONS="--output json:${RECORDING}"\n`);
    assert.ok(starts(), journal());
    await stall();
    const pid = mainPid();
    const invocation = property('InvocationID');
    apt('install', SECOND.path);
    assert.notEqual(mainPid(), pid);
    assert.equal(property('ActiveState'), 'active');
    const ended = execSync(`journalctl -o cat _SYSTEMD_INVOCATION_ID=${invocation}`, { encoding: 'utf8' });
    assert.match(ended, /^compactstall: [1-9]\d* compactions, \d+ lost/m);
    assert.doesNotMatch(ended, /DOES NOT BALANCE/);
    assert.match(readFileSync(SETTINGS, 'utf8'), /upgraded\.jsonl/);
    await stall();
  });

  it('is removed: nothing of it runs, and the settings and recordings stay', () => {
    const pids = Object.values(processes());
    assert.equal(pids.length, 3);
    apt('remove', 'compactstall');
    for (const pid of pids) assert.ok(!existsSync(`/proc/${pid}`), `process ${pid} still runs`);
    assert.ok(existsSync(SETTINGS));
    assert.ok(stalls().length > 0);
  });

  it('is purged without a trace', () => {
    change();
    apt('purge', 'compactstall');
    const before = readFileSync(LIST_BEFORE, 'utf8').split('\n');
    assert.deepEqual(changes(before, listFiles()), { left: [], gone: [] });
    const { status } = spawnSync('systemctl', ['cat', UNIT], { stdio: 'ignore' });
    assert.notEqual(status, 0, 'systemd still knows the unit');
  });
});
