// SPDX-License-Identifier: Apache-2.0
/**
 * Makes compactstall with a Node.js, as an archive and as one file that runs:
 *
 *   node packaging/single-file/build.ts FOLDER [ARCH...]
 *
 * FOLDER/compactstall-VERSION-linux-ARCH and the same with .tar.xz; ARCH is x64 and arm64. The same sources give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arch } from '../node.ts';
import { makeTree } from '../tree.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const HEADER = readFileSync(new URL('header.sh', import.meta.url), 'utf8');
const MAX_BYTES = 256 * 2 ** 20;

/** @param archive whether to make the .tar.xz as well, beside the one file @returns the path of the one file */
export function buildSingleFile(folder: string, arch: Arch, { archive = true } = {}): string {
  const name = `compactstall-${version}-linux-${arch}`;
  const path = join(folder, name);
  const scratch = mkdtempSync(join(tmpdir(), 'compactstall-file-'));
  try {
    const time = makeTree(join(scratch, name), arch);
    const tar = (...entries: string[]) => [
      ...['--sort=name', `--mtime=@${time}`, '--owner=0', '--group=0', '--numeric-owner', '-cf', '-', ...entries],
    ];
    const piped = (entries: string[], by: string) =>
      execFileSync('sh', ['-c', `tar ${entries.join(' ')} | ${by}`], { maxBuffer: MAX_BYTES });
    if (archive) writeFileSync(`${path}.tar.xz`, piped(tar('-C', scratch, name), 'xz -4 -T0'));
    writeFileSync(path, oneFile(name, arch, piped(tar('-C', join(scratch, name), '.'), 'gzip -6n')));
    chmodSync(path, 0o755);
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return path;
}

/** The script, and the archive after it. */
function oneFile(name: string, arch: string, archive: Buffer): Buffer {
  const values: Record<string, string> = {
    NAME: name,
    ARCH: arch,
    HASH: createHash('sha256').update(archive).digest('hex').slice(0, 12),
    LINE: String(HEADER.split('\n').length),
  };
  const script = HEADER.replaceAll(/@(\w+)@/g, (_, word: string) => values[word]!);
  return Buffer.concat([Buffer.from(script), archive]);
}

if (import.meta.main) {
  const [folder = 'build/packages', ...words] = process.argv.slice(2);
  mkdirSync(folder, { recursive: true });
  for (const arch of words.length > 0 ? words : ['x64', 'arm64']) buildSingleFile(folder, arch as Arch);
}
