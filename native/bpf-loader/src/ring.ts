// SPDX-License-Identifier: Apache-2.0
import type { NativeRing } from './addon.ts';
import * as check from './check.ts';

const DEFAULT_DRAIN_BYTES = 1024 * 1024;

/** The reader of a BPF ring buffer, made by `BpfObject.ringBuffer()`. */
export class RingBuffer {
  readonly #native: NativeRing;
  readonly #closed: () => void;

  /** Not for callers: use `BpfObject.ringBuffer()`. */
  constructor(native: NativeRing, closed: () => void) {
    this.#native = native;
    this.#closed = closed;
  }

  /**
   * Takes records out of the ring: a batch of at most `maxBytes` (default 1 MiB) but at least one record, or null when there
   * is none. Each record in the batch is a u32 length, a u32 zero, and the bytes padded to a multiple of 8.
   */
  drain(maxBytes: number = DEFAULT_DRAIN_BYTES): Buffer | null {
    return this.#native.drain(check.count('maxBytes', maxBytes, 2 ** 32 - 1));
  }

  /** Bytes in the ring that were not drained, including headers and padding. */
  get pendingBytes(): number {
    return this.#native.pendingBytes();
  }

  /** Where the next drain begins: bytes since the ring was made. */
  get position(): number {
    return this.#native.position();
  }

  /**
   * Gives the kernel the room of all records up to a position; for a ring that was opened with `keep`. Beyond what was drained,
   * records are skipped. Throws INVALID_ARGUMENT for a position that the ring does not hold.
   */
  release(position: number): void {
    this.#native.release(check.count('position', position + 1, Number.MAX_SAFE_INTEGER) - 1);
  }

  /** Wakes the ring's thread as the kernel does, so that `onReadable` is called: whether there is a record or not. */
  wake(): void {
    this.#native.wake();
  }

  /** An open ring keeps the event loop alive, as after `ref()`; after `unref()` it does not. */
  ref(): this {
    this.#native.ref();
    return this;
  }

  unref(): this {
    this.#native.unref();
    return this;
  }

  /** Stops the thread; `onReadable` is not called any more. Records still in the ring are lost. Idempotent. */
  close(): void {
    this.#native.close();
    this.#closed();
  }
}
