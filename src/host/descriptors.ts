// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import { HostError } from '../errors.ts';
import { message } from '../messages/message.ts';

/** Twice what a run opens beyond what Node.js has open: programs, maps, links, the prober's pipes, connections, outputs. */
const NEEDED = 80;

/** Opens as many file descriptors as a run may need, and closes them. Throws a HostError when that fails. */
export function checkDescriptors(needed = NEEDED): void {
  const opened: number[] = [];
  try {
    while (opened.length < needed) opened.push(openSync('/', 'r'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
    const reason = code === 'ENFILE' ? ': this host has reached fs.file-max' : '';
    const todo =
      code === 'ENFILE'
        ? 'Raise fs.file-max, or look for the process that keeps files open.'
        : 'Raise the limit of open files: ulimit -n 1024 in a shell, LimitNOFILE=1024 in a systemd unit, --ulimit nofile=1024 in a container.';
    throw new HostError(message('too_few_files', { possible: opened.length, needed, reason }, todo));
  } finally {
    for (const file of opened) closeSync(file);
  }
}
