// SPDX-License-Identifier: Apache-2.0
// A reader of Node.js's thread contexts (OTEP 4947) outside the process, for a thread that does not run meanwhile.
import { tlsDescriptor } from './elf.ts';
import type { Memory } from './memory.ts';
import { threadPointer } from './thread-pointer.ts';

export interface ThreadContext {
  traceId: string;
  spanId: string;
  flags: number;
}

const SYMBOL = 'otel_thread_ctx_nodejs_v1';
const MAX_CHAIN = 64;
const untagged = (address: bigint) => Number(address & ~1n);
const small = (word: bigint) => Number(word >> 32n);

export class ThreadContextReader {
  readonly #memory: Memory;
  /** Of each thread: a process may have several copies of the symbol. */
  readonly #variables = new Map<number, number[]>();
  /** Facts about the last read thread: the way to its variable, and the walk. */
  seen: { tls: string; recordOffset: number; buckets: number } | undefined;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The thread's active span, or undefined. Throws when the walk meets anything unexpected. */
  read(tid: number): ThreadContext | undefined {
    let variables = this.#variables.get(tid);
    if (variables === undefined) {
      variables = this.#variablesOf(tid);
      this.#variables.set(tid, variables);
    }
    for (const variable of variables) {
      const found = this.#readVariable(variable);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #readVariable(variable: number): ThreadContext | undefined {
    const memory = this.#memory;
    const slot = memory.pointer(variable);
    if (slot === 0) return undefined;
    const key = memory.word(memory.pointer(variable + 8));
    const hash = memory.bytes(variable + 16, 4).readUInt32LE();
    const recordOffset = memory.bytes(variable + 20, 1)[0]!;
    const none = memory.word(variable + 24);
    const frame = memory.word(slot);
    if (frame === none) return undefined;

    const table = untagged(memory.word(untagged(frame) + 24));
    const word = (index: number) => memory.word(table + 16 + 8 * index);
    const buckets = small(word(2));
    if (buckets === 0 || (buckets & (buckets - 1)) !== 0) throw new Error(`${buckets} buckets`);
    if (this.seen) this.seen = { ...this.seen, recordOffset, buckets };
    let entry = small(word(3 + (hash & (buckets - 1))));
    for (let steps = 0; entry !== -1 && entry !== 0xffff_ffff; steps++) {
      if (steps > MAX_CHAIN) throw new Error('the chain does not end');
      const at = 3 + buckets + 3 * entry;
      if (word(at) === key) return this.#record(word(at + 1), none, recordOffset);
      entry = small(word(at + 2));
    }
    return undefined;
  }

  #record(value: bigint, none: bigint, offset: number): ThreadContext | undefined {
    if (value === none) return undefined;
    const record = this.#memory.bytes(this.#memory.pointer(untagged(value) + offset), 28);
    if (record[24] !== 1) return undefined;
    return { traceId: record.toString('hex', 0, 16), spanId: record.toString('hex', 16, 24), flags: record[25]! };
  }

  #variablesOf(tid: number): number[] {
    const memory = this.#memory;
    const found: number[] = [];
    for (const { name, start, offset } of memory.mappings()) {
      if (offset !== 0 || !name.endsWith('.node')) continue;
      const descriptor = tlsDescriptor(name, SYMBOL);
      if (descriptor === undefined) continue;
      const pointer = threadPointer(memory, tid);
      const argument = memory.word(start + descriptor + 8);
      // An offset below the thread pointer, or a structure for a module without room there.
      const fixed = BigInt.asIntN(64, argument);
      const tls = fixed < 0 ? `static ${fixed}` : `module ${memory.word(Number(argument))}`;
      this.seen = { tls, recordOffset: 0, buckets: 0 };
      if (fixed < 0) {
        found.push(pointer + Number(fixed));
        continue;
      }
      const block = memory.word(memory.pointer(pointer + 8) + 16 * memory.pointer(Number(argument)));
      // This thread has not touched it.
      if (block === 2n ** 64n - 1n || block === 0n) continue;
      found.push(Number(block) + memory.pointer(Number(argument) + 8));
    }
    return found;
  }
}
