// SPDX-License-Identifier: Apache-2.0
// The thread pointer of another process's thread, without ptrace. It points to glibc's thread descriptor, which holds its own
// address twice and the TID (x86-64, glibc 2.25 and later). A BPF program reads task->thread.fsbase instead.
import { readFileSync } from 'node:fs';
import type { Mapping, Memory } from './memory.ts';

const SELF = 0x10;
const TID = 0x2d0;
const CHUNK = 1 << 24;

export function threadPointer(memory: Memory, tid: number): number {
  for (const { start, end } of likelyFirst(memory, tid)) {
    for (let at = start; at < end; at += CHUNK) {
      const found = search(memory, at, Math.min(CHUNK, end - at), tid);
      if (found !== undefined) return found;
    }
  }
  throw new Error(`no thread descriptor of thread ${tid} in process ${memory.pid}`);
}

/** Anonymous memory: a thread's descriptor is at the end of its stack, that of the first thread in a small mapping. */
function likelyFirst(memory: Memory, tid: number): Mapping[] {
  // "number arguments... stack instruction"
  const stack = Number(readFileSync(`/proc/${memory.pid}/task/${tid}/syscall`, 'utf8').split(' ').at(-2));
  const likely = ({ start, end }: Mapping) => (start <= stack && stack < end ? 0 : end - start);
  return memory
    .mappings()
    .filter(({ writable, name }) => writable && name === '')
    .sort((a, b) => likely(a) - likely(b));
}

function search(memory: Memory, base: number, size: number, tid: number): number | undefined {
  const bytes = memory.bytes(base, size);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, size / 4);
  for (let offset = 0; offset < size - TID; offset += 8) {
    const low = (base + offset) % 2 ** 32;
    if (words[offset / 4] !== low || words[(offset + SELF) / 4] !== low) continue;
    if (memory.pointer(base + offset) !== base + offset || memory.pointer(base + offset + SELF) !== base + offset)
      continue;
    if (words[(offset + TID) / 4] === tid) return base + offset;
  }
  return undefined;
}
