// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { isReachable } from '../../../src/host/reachable.ts';
import { temporaryFolder } from '../fixtures.ts';

test('a folder is reachable where it and all above it may be searched', (t) => {
  const at = temporaryFolder(t);
  const inner = at('a', 'b');
  mkdirSync(inner, { recursive: true });
  const { uid, gid } = statSync(inner);
  const other = { uid: uid + 1, gid: gid + 1 };
  const modes = (top: number, a: number, b: number) => {
    chmodSync(at(), top);
    chmodSync(at('a'), a);
    chmodSync(inner, b);
  };
  for (const [top, a, b, isOthers, isGroups] of [
    [0o755, 0o755, 0o755, true, true],
    [0o711, 0o711, 0o711, true, true],
    [0o700, 0o755, 0o755, false, false],
    [0o755, 0o750, 0o755, false, true],
    [0o755, 0o755, 0o704, false, false],
    [0o707, 0o707, 0o707, true, false],
  ] as const) {
    modes(top, a, b);
    const words = [top, a, b].map((mode) => mode.toString(8)).join(' ');
    assert.equal(isReachable(inner, other), isOthers, words);
    assert.equal(isReachable(inner, { ...other, gid }), isGroups, `${words} by the group`);
    assert.ok(isReachable(inner, { ...other, uid }), `${words} by the owner`);
  }
  modes(0o677, 0o755, 0o755);
  assert.equal(isReachable(inner, { ...other, uid }), uid === 0, 'root is not held up');
});
