// SPDX-License-Identifier: Apache-2.0
import type { BpfObject, RingBuffer } from 'bpf-loader-native';
import { READER } from '../abi.generated.ts';

/** The reader lets records gather for this long after a wake-up: a storm costs 20 wake-ups a second, not 20 000. */
const NAP_MS = 50;
/** The most that is read before signals, timers and sinks have their turn: some 300 records with stacks, a few milliseconds. */
const BATCH_BYTES = 256 * 1024;
/** A batch of at least this size is not the last one: no record is so large. */
const FULL_BYTES = BATCH_BYTES / 2;

/**
 * Drains the ring buffer. The next record wakes a sleeping reader. It then naps and drains in turn until a drain finds nothing,
 * and falls asleep again. During a nap only a filling ring wakes it. Nothing runs while nothing happens.
 */
export class RingReader {
  readonly #object: BpfObject;
  readonly #ring: RingBuffer;
  #onBatch: ((batch: Buffer) => void) | undefined;
  #onTurn: (() => void) | undefined;
  #looking: PromiseWithResolvers<void> | undefined;
  #nap: NodeJS.Timeout | undefined;
  #paused = false;
  /** The next batch, when more is in the ring. */
  #next: NodeJS.Immediate | undefined;

  /**
   * Opens the ring, which takes a thread, memory and descriptors. Records stay in it until `start`.
   * @param keep whether what was read stays in the ring until `release`
   */
  constructor(object: BpfObject, map: string, keep = false) {
    this.#object = object;
    this.#ring = object.ringBuffer(map, () => this.#woken(), { keep });
  }

  /** Up to where records were read: bytes since the ring was made. */
  get position(): number {
    return this.#ring.position;
  }

  /** Frees the room of all records up to a position. Those that were not read are skipped. */
  release(position: number): void {
    this.#ring.release(position);
  }

  /**
   * @param onBatch gets framed records; see RingBuffer.drain of bpf-loader-native
   * @param onTurn called when it is woken, and after each look into the ring: what is not in the ring can be looked at now
   */
  start(onBatch: (batch: Buffer) => void, onTurn?: () => void): void {
    this.#onBatch = onBatch;
    this.#onTurn = onTurn;
    this.#fallAsleep();
  }

  /** Lets the ring's thread wake it. Resolves when it has looked into the ring after that. */
  look(): Promise<void> {
    this.#looking ??= Promise.withResolvers();
    const { promise } = this.#looking;
    this.#ring.wake();
    return promise;
  }

  /** Reads all that is in the ring now. */
  drain(): void {
    while (this.#readBatch() > 0);
  }

  /** @returns its size in bytes, 0 when the ring is empty */
  #readBatch(): number {
    if (!this.#onBatch) return 0;
    const batch = this.#ring.drain(BATCH_BYTES);
    if (batch) this.#onBatch(batch);
    return batch?.length ?? 0;
  }

  /** Leaves records in the ring until `resume`. When it is full, the kernel drops and counts what comes. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#napOver();
  }

  /** Unread bytes in the ring. */
  get pendingBytes(): number {
    return this.#ring.pendingBytes;
  }

  /** Reads nothing any more: what comes from here on stays in the ring, and nobody looks for more. */
  stop(): void {
    this.#onBatch = undefined;
    this.#onTurn = undefined;
    clearTimeout(this.#nap);
    clearImmediate(this.#next);
  }

  close(): void {
    this.stop();
    this.#ring.close();
  }

  /** Handles a wake-up by the kernel: the first record after falling asleep, or a filling ring during a nap. */
  #woken(): void {
    // It has not begun, or has stopped.
    if (!this.#onBatch) this.#looked();
    else if (this.#nap) this.#napOver();
    else {
      this.#takeNap();
      this.#onTurn?.();
    }
  }

  #takeNap(): void {
    this.#object.writeVariable('reader', READER.NAPPING);
    this.#nap = setTimeout(() => this.#napOver(), NAP_MS);
  }

  #napOver(): void {
    clearTimeout(this.#nap);
    this.#nap = undefined;
    clearImmediate(this.#next);
    if (this.#paused) return;
    const size = this.#readBatch();
    if (size === 0) this.#fallAsleep();
    else if (size < FULL_BYTES) this.#takeNap();
    else this.#next = setImmediate(() => this.#napOver());
    this.#onTurn?.();
    this.#looked();
  }

  #looked(): void {
    this.#looking?.resolve();
    this.#looking = undefined;
  }

  /** Falls asleep, then checks again: a record from just before the state changed has not woken the reader. */
  #fallAsleep(): void {
    this.#object.writeVariable('reader', READER.ASLEEP);
    if (this.#ring.pendingBytes > 0) this.#takeNap();
  }
}
