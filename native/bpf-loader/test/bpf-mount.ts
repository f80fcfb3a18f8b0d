// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after } from 'node:test';

/** Mounts a BPF file system in a private namespace until the tests of the file end. @returns the path to it */
export async function mountBpf(): Promise<string> {
  const holder = spawn('unshare', ['--mount', 'sh', '-c', 'mount -t bpf bpf /mnt && echo mounted && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(() => holder.stdin!.end());
  await once(holder.stdout!, 'data');
  return `/proc/${holder.pid}/root/mnt`;
}
