// SPDX-License-Identifier: Apache-2.0
// Lines that packaging/systemd/compactstall.service must not have: what each breaks.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { parseLines } from '../../support/agent.ts';
import { Shell } from '../../support/shell.ts';
import { change, journal, property, starts, systemctl, UNIT, until } from './systemd.ts';

const RECORDING = '/var/log/compactstall/lines.jsonl';
const ONCE = ['Restart=no', 'ExecStart=', `ExecStart=/usr/bin/compactstall --output json:${RECORDING}`];

describe('a unit with', () => {
  afterEach(() => {
    systemctl('stop', UNIT);
    systemctl('reset-failed', UNIT);
    rmSync(RECORDING, { force: true });
  });

  it('MemoryDenyWriteExecute= does not start: Node.js ends', () => {
    change(...ONCE, 'MemoryDenyWriteExecute=yes');
    assert.ok(!starts());
    assert.notEqual(property('ExecMainCode'), '1', 'it did not exit by itself');
  });

  it('ProcSubset=pid does not start: there is no /proc/sys to protect', () => {
    change(...ONCE, 'ProcSubset=pid');
    assert.ok(!starts());
    assert.equal(property('ExecMainStatus'), '226', journal());
  });

  for (const line of ['PrivateUsers=yes', 'SystemCallFilter=~bpf']) {
    it(`${line} cannot run the agent`, () => {
      change(...ONCE, line);
      assert.ok(!starts());
      assert.equal(property('ExecMainStatus'), '3', journal());
    });
  }

  /** What a stall is recorded as. */
  const recorded = async (line: string) => {
    change(...ONCE, line);
    assert.ok(starts(), journal());
    const shell = new Shell();
    await shell.stall();
    const events = () => parseLines(readFileSync(RECORDING, 'utf8')).filter(({ pid }) => pid === shell.pid);
    await until(() => existsSync(RECORDING) && events().length > 0);
    await shell.end();
    return events()[0]!;
  };

  for (const line of ['ProtectKernelTunables=yes', 'ProtectKernelLogs=yes']) {
    it(`${line} has addresses in stacks`, async () => {
      assert.match((await recorded(line)).stack.at(-1)!, /^0x/);
    });
  }

  for (const [line, guessed] of [
    ['ProtectHostname=no', undefined],
    ['ProtectHostname=yes', ['name', 'id']],
  ] as const) {
    it(`${line} ${guessed ? 'can only guess' : 'knows'} which host it is`, async () => {
      assert.deepEqual((await recorded(line)).host!.guessed, guessed);
    });
  }
});
