// SPDX-License-Identifier: Apache-2.0
import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { withFile } from '../../descriptor.ts';
import { PACKET } from './tags.ts';

/** Tag and the longest length. */
const HEAD = 11;
/** Packets are small: a read for each would take seconds for a large file. */
const BLOCK = 64 * 1024;

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
  const block = Buffer.alloc(BLOCK);
  let at = 0;
  let [from, to] = [0, 0];
  while (at < size) {
    if (at + HEAD > to && to < size) {
      from = at;
      to = at + readSync(file, block, 0, BLOCK, at);
    }
    const next = packetEnd(block.subarray(at - from, Math.min(at + HEAD, to) - from), at);
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
