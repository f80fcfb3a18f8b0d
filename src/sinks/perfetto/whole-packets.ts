// SPDX-License-Identifier: Apache-2.0
import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { withFile } from '../../descriptor.ts';
import { PACKET } from './tags.ts';

/** Tag and the longest length. */
const HEAD = 11;

/**
 * Removes a packet that a full disk or a crash has left unfinished: it would swallow the next ones.
 *
 * @throws Error where the file is not a trace, of which nothing may be removed
 */
export function endPacket(path: string, descriptor: number): void {
  const status = fstatSync(descriptor);
  if (!status.isFile() || status.size === 0) return;
  const whole = withFile(path, (file) => wholePackets(file, status.size));
  if (whole < status.size) ftruncateSync(descriptor, whole);
}

/** @returns the bytes up to the end of the last packet that is whole */
function wholePackets(file: number, size: number): number {
  const head = Buffer.alloc(HEAD);
  let at = 0;
  while (at < size) {
    const length = readSync(file, head, 0, HEAD, at);
    const next = packetEnd(head.subarray(0, length), at);
    if (next === undefined || next > size) return at;
    at = next;
  }
  return at;
}

/** @returns where the packet ends; undefined where not even its length is whole */
function packetEnd(head: Buffer, at: number): number | undefined {
  if (head[0] !== PACKET) throw new Error('it is not a Perfetto trace; choose another file');
  let length = 0;
  for (let i = 1; i < head.length; i++) {
    length += (head[i]! & 0x7f) * 2 ** (7 * (i - 1));
    if (head[i]! < 0x80) return at + 1 + i + length;
  }
  return undefined;
}
