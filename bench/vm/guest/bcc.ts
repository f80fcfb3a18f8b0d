// SPDX-License-Identifier: Apache-2.0
/** Inside the machine: bcc's compactsnoop, from Debian on the second disk, and ours, in turns. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { takeTurns } from './turns.ts';

const DEBIAN = '/mnt';
const ROW = /\bZONE_/;
const OURS = fileURLToPath(new URL('../../../dist/bin/compactsnoop', import.meta.url));

execFileSync('mkdir', ['-p', DEBIAN]);
execFileSync('mount', ['-t', 'ext4', '/dev/nvme0n2', DEBIAN]);
for (const folder of ['proc', 'sys', 'dev']) execFileSync('mount', ['--rbind', `/${folder}`, `${DEBIAN}/${folder}`]);

// Python buffers 8 KB of output to a pipe, so that its first row would come at the end.
const env = { PYTHONUNBUFFERED: '1' };
const theirs = ['chroot', DEBIAN, '/usr/sbin/compactsnoop-bpfcc'] as const;
await takeTurns(
  [
    { name: 'bcc', command: theirs, env, row: ROW },
    { name: 'ours', command: [OURS], row: ROW },
    { name: 'bcc -K', command: [...theirs, '-K'], env, row: ROW },
    { name: 'ours -K', command: [OURS, '-K'], row: ROW },
  ],
  Number(process.argv[2]),
);
