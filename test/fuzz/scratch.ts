// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** In memory where there is such a folder: a case writes its files. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder for the cases of a test file, removed after them. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(PARENT, 'compactstall-test-'));
  after(() => rmSync(folder, { recursive: true }));
  return folder;
}
