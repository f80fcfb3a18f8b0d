// SPDX-License-Identifier: Apache-2.0
/** The files of compactstall with a Node.js, which all forms but npm's package have. Needs ./setup.sh package. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arch, nodeFor } from './node.ts';
import { sourceDate } from './source-date.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Of npm's package, what a command loads, and the licences. `%` is the architecture. */
const PARTS = [
  'package.json',
  'LICENSE',
  'bpf/LICENSE',
  'bpf/*.[ch]',
  'bpf/Makefile',
  'bpf/prebuilds/linux-%/*',
  'dist/{bin,agent,libraries,prober,register}/*',
  'dist/{THIRD-PARTY-NOTICES.txt,sbom.cdx.json}',
  'native/prober-supervisor/prebuilds/linux-%/*',
  'native/process-context/prebuilds/linux-%-glibc/*',
  'node_modules/bpf-loader-native/{package.json,LICENSE,dist/*.js}',
  'node_modules/bpf-loader-native/prebuilds/linux-%-glibc/*',
  'schema/*',
];

export const COMMANDS = ['compactstall', 'compactsnoop'] as const;

/**
 * Makes the tree in a folder that does not exist yet: `lib/compactstall/` with everything and its own `node`, and `bin/` with links to
 * the commands. Modes and times do not depend on the machine. @returns the time of all files, in seconds since 1970
 */
export function makeTree(folder: string, arch: Arch): string {
  if (existsSync(folder)) throw new Error(`${folder} is there already`);
  const scratch = mkdtempSync(join(tmpdir(), 'compactstall-tree-'));
  try {
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', scratch];
    const archive = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim();
    execFileSync('tar', ['-xzf', archive], { cwd: scratch });
    const from = join(scratch, 'package');
    const to = join(folder, 'lib/compactstall');
    for (const part of PARTS) {
      const files = globSync(part.replaceAll('%', arch), { cwd: from });
      if (files.length === 0) throw new Error(`nothing is ${part} for ${arch}. Run ./setup.sh package`);
      for (const file of files) cpSync(join(from, file), join(to, file), { recursive: true });
    }
    const node = nodeFor(arch);
    cpSync(join(node, 'bin/node'), join(to, 'node'));
    cpSync(join(node, 'LICENSE'), join(to, 'LICENSE.node'));
    mkdirSync(join(folder, 'bin'));
    for (const command of COMMANDS)
      symlinkSync(`../lib/compactstall/dist/bin/${command}`, join(folder, 'bin', command));
  } finally {
    rmSync(scratch, { recursive: true });
  }
  const time = String(sourceDate().getTime() / 1000);
  execFileSync('sh', ['-c', 'chmod -R u=rwX,go=rX "$1" && find "$1" -exec touch -h -d "@$2" {} +', 'sh', folder, time]);
  return time;
}
