// SPDX-License-Identifier: Apache-2.0
// The check whether hardware runs machines, with a shell script instead of the emulator.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { probe } from '../../../harness/machine/accelerator.ts';

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));
/** A device that anybody may open. */
const DEVICE = '/dev/null';

function emulator(script: string): string {
  const path = join(folder, 'emulator');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const FILE = join(folder, 'found');
beforeEach(() => rmSync(FILE, { force: true }));
const ask = (script: string, limitMs = 60_000) =>
  probe('/nonexistent', { emulator: emulator(script), device: DEVICE, file: FILE, limitMs });
const BOOTS = `echo 'VFS: Unable to mount root fs on unknown-block(0,0)'`;

describe('the hardware of this host', () => {
  it('is used when Linux boots with it', async () => {
    assert.equal(await ask(BOOTS), 'kvm');
  });

  it('is tried once, until this host restarts', async () => {
    assert.equal(await ask(BOOTS), 'kvm');
    assert.equal(await ask('exit 1'), 'kvm');
    writeFileSync(FILE, readFileSync(FILE, 'utf8').replace(/^\S+/, 'another'));
    assert.equal(await ask('exit 1'), 'tcg');
    assert.equal(await ask(BOOTS), 'tcg');
  });

  for (const [why, script, limitMs] of [
    ['the emulator gives up', 'echo "KVM internal error. Suberror: 1" >&2; exec sleep 100', 60_000],
    ['it ends', 'exit 1', 60_000],
    ['nothing happens', 'exec sleep 100', 200],
  ] as const) {
    it(`is not when ${why}`, async () => {
      assert.equal(await ask(script, limitMs), 'tcg');
    });
  }

  it('is not without the device', async () => {
    assert.equal(await probe('/nonexistent', { device: join(folder, 'kvm') }), 'tcg');
  });
});
