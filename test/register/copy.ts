// SPDX-License-Identifier: Apache-2.0
// A copy of compactstall/register in a temporary folder, as an application may have one installed.
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** All that it loads of the package, and nothing of the agent. */
const PARTS = ['package.json', 'dist/register/index.js'];
const NATIVE = 'native/process-context/build';

/**
 * @param packages the folder of the packages that the copy finds, if any
 * @returns the path of the module
 */
export function copyOfRegister({ packages, native = true }: { packages?: string; native?: boolean }): string {
  const scratch = mkdtempSync(join(tmpdir(), 'compactstall-register-'));
  after(() => rmSync(scratch, { recursive: true }));
  for (const part of native ? [...PARTS, NATIVE] : PARTS)
    cpSync(join(ROOT, part), join(scratch, part), { recursive: true });
  if (packages !== undefined) symlinkSync(packages, join(scratch, 'node_modules'));
  return join(scratch, 'dist/register/index.js');
}
