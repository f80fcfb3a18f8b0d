// SPDX-License-Identifier: Apache-2.0
/** The root file system of the image. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTree } from '../tree.ts';
import type { Architecture } from './oci.ts';

const LIBRARIES = new URL('libraries.sh', import.meta.url).pathname;
const PLACE = '/usr/lib/compactstall';
const COMMANDS = ['compactstall', 'compactsnoop'];

/** The tree with Node.js and the agent, Debian's libraries, and the few files of /etc that libc reads. */
export function makeRoot(architecture: Architecture, root: string): void {
  const libraries = execFileSync(LIBRARIES, [architecture], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  cpSync(libraries.trim().split('\n').at(-1)!, root, { recursive: true, verbatimSymlinks: true });
  rmSync(`${root}/.dropped`, { force: true });
  const scratch = mkdtempSync(join(tmpdir(), 'compactstall-image-'));
  const tree = join(scratch, 'tree');
  makeTree(tree, architecture === 'amd64' ? 'x64' : 'arm64');
  cpSync(`${tree}/lib/compactstall`, `${root}${PLACE}`, { recursive: true, verbatimSymlinks: true });
  rmSync(scratch, { recursive: true });
  // Without a shell a command cannot be a script of one; Node.js itself reads these.
  mkdirSync(`${root}/usr/bin`);
  for (const command of COMMANDS) {
    const file = `${root}/usr/bin/${command}`;
    writeFileSync(file, `#!${PLACE}/node\nawait import('${PLACE}/dist/bin/${command}.js');\n`);
    chmodSync(file, 0o755);
  }
  mkdirSync(`${root}/etc`);
  writeFileSync(`${root}/etc/passwd`, 'root:x:0:0:root:/:/nonexistent\nnobody:x:65534:65534:nobody:/:/nonexistent\n');
  writeFileSync(`${root}/etc/group`, 'root:x:0:\nnogroup:x:65534:\n');
  writeFileSync(`${root}/etc/nsswitch.conf`, 'hosts: files dns\n');
  // A read-only root takes no new places to mount at.
  for (const place of ['proc', 'sys', 'dev', 'tmp']) mkdirSync(`${root}/${place}`);
}

/** How the command that the tree brings, a shell script, starts Node.js: the same variable and options, without a shell. */
export function commandOf(root: string): { Env: string[]; Entrypoint: string[] } {
  const script = readFileSync(`${root}${PLACE}/dist/bin/compactstall`, 'utf8');
  const [, variable] = /^export (\S+)$/m.exec(script)!;
  const [, options] = /^exec "\$node" (.*) "\$self\.js" "\$@"$/m.exec(script)!;
  return {
    Env: ['PATH=/usr/bin', variable!],
    Entrypoint: [`${PLACE}/node`, ...options!.split(' '), `${PLACE}/dist/bin/compactstall.js`],
  };
}
