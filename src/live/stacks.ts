// SPDX-License-Identifier: Apache-2.0
import type { KernelSymbols } from '../kernel/symbols.ts';
import { Lru } from '../lru.ts';

/** The frames above the compaction in a stack taken in a tracepoint: the BPF program and its callers. */
const TRACING = /^(bpf_|__bpf_|__traceiter_|perf_|__perf_|trace_call_bpf|0x)/;
const MAX_STACKS = 4096;

const NONE: readonly string[] = Object.freeze([]);

interface Unnamed {
  raw: Buffer;
  frames: string[];
}

/**
 * Names of raw kernel stacks. A host has few different stacks, so each is named once: equal stacks are the same array,
 * which sinks may use as a key. The array of a new stack may be empty until `named()` resolves: the symbols are read first.
 */
export class Stacks {
  readonly #symbols: KernelSymbols;
  readonly #known = new Lru<string, readonly string[]>(MAX_STACKS);
  /** The last one that was named; in a storm it is often the next as well. */
  #lastRaw = '';
  #last = NONE;
  /** New ones, which wait for the symbols. */
  #unnamed: Unnamed[] = [];
  #loading: Promise<void> | undefined;

  constructor(symbols: KernelSymbols) {
    this.#symbols = symbols;
  }

  /** Forgets names that a change of modules may have made wrong. Call it before naming the stacks of a batch. */
  refresh(): void {
    if (!this.#symbols.modulesChanged()) return;
    this.#known.clear();
    this.#lastRaw = '';
    this.#last = NONE;
  }

  /** @param raw addresses, 8 bytes each, innermost first */
  name(raw: Buffer): readonly string[] {
    const key = raw.toString('latin1');
    if (key === this.#lastRaw) return this.#last;
    this.#lastRaw = key;
    this.#last = key === '' ? NONE : this.#known.getOrMake(key, () => this.#make(raw));
    return this.#last;
  }

  /** Resolves when every stack so far has its names; undefined when it has. */
  named(): Promise<void> | undefined {
    return this.#loading;
  }

  #make(raw: Buffer): readonly string[] {
    this.#loading ??= this.#symbols.load()?.then(() => this.#nameAll());
    if (!this.#loading) return Object.freeze(this.#frames(raw));
    const frames: string[] = [];
    this.#unnamed.push({ raw: Buffer.from(raw), frames });
    return frames;
  }

  #nameAll(): void {
    this.#loading = undefined;
    for (const { raw, frames } of this.#unnamed.splice(0)) {
      frames.push(...this.#frames(raw));
      Object.freeze(frames);
    }
  }

  #frames(raw: Buffer): string[] {
    const frames: string[] = [];
    for (let at = 0; at + 8 <= raw.length; at += 8) frames.push(this.#symbols.name(raw.readBigUInt64LE(at)));
    const named = Math.max(
      0,
      frames.findIndex((frame) => !TRACING.test(frame)),
    );
    // On Linux 5.10 a classic tracepoint has the frame of its caller twice.
    const first = frames.length > named + 1 && frames[named] === frames[named + 1] ? named + 1 : named;
    return first > 0 ? frames.slice(first) : frames;
  }
}
