// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../toolchain/cache.ts';
import type { Entry } from './contents.ts';
import { makeImage, stage } from './image.ts';
import { type MachineOptions, runMachine } from './machine.ts';

/**
 * Boots a copy of a root file system, with more files in it, and runs one command there.
 * @returns as runMachine()
 */
export async function* runRoot(
  root: string,
  { entries, freeMb, ...options }: Omit<MachineOptions, 'image'> & { entries: readonly Entry[]; freeMb?: number },
): AsyncGenerator<string, number> {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'vm-image.tmp.'));
  try {
    const copy = join(folder, 'root');
    const image = join(folder, 'image');
    // Node.js's copy would not keep the owners.
    execFileSync('cp', ['-a', root, copy]);
    stage(entries, copy);
    makeImage(copy, image, freeMb);
    rmSync(copy, { recursive: true });
    return yield* runMachine({ ...options, image });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
