// SPDX-License-Identifier: Apache-2.0
/** The Node.js that comes with compactstall where npm does not: the one that a clone is built and tested with, from npm. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE } from '../toolchain/cache.ts';

export type Arch = 'x64' | 'arm64';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

interface Locked {
  version: string;
  integrity: string;
}

/**
 * The folder of a Node.js, which is fetched once: bin/node, without its symbol table, and LICENSE. Throws if npm gives other bytes than
 * package-lock.json says. Needs llvm-strip, which knows both architectures.
 */
export function nodeFor(arch: Arch): string {
  const name = `node-linux-${arch}`;
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const { version, integrity }: Locked = lock.packages[`node_modules/${name}`];
  const folder = join(CACHE, `${name}-${version}-stripped`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, `${name}-new-`));
  try {
    const words = ['pack', `${name}@${version}`, '--silent', '--pack-destination', scratch];
    const archive = join(scratch, execFileSync('npm', words, { cwd: scratch, encoding: 'utf8' }).trim());
    const [algorithm = '', wanted] = integrity.split('-');
    const got = createHash(algorithm).update(readFileSync(archive)).digest('base64');
    if (got !== wanted) throw new Error(`${name}@${version} is not what package-lock.json says: ${algorithm}-${got}`);
    const files = ['package/bin/node', 'package/LICENSE'];
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', ...files], { cwd: scratch });
    rmSync(archive);
    execFileSync('llvm-strip', ['--strip-all', join(scratch, 'bin/node')]);
    renameSync(scratch, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}
