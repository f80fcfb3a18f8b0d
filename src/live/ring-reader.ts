// SPDX-License-Identifier: Apache-2.0
import type { BpfObject, RingBuffer } from 'bpf-loader-native';
import { READER } from '../abi.generated.ts';

/** The reader lets records gather for this long after a wake-up: a storm costs 20 wake-ups a second, not 20 000. */
const NAP_MS = 50;
/** Batches of 1 MiB that are read in a row, before signals, timers and sinks have their turn. */
const MAX_BATCHES = 4;

/**
 * Drains the ring buffer. Asleep, the next record wakes it; then it naps and drains in turn until a drain finds nothing,
 * and falls asleep again. During a nap only a filling ring wakes it. Nothing runs while nothing happens.
 */
export class RingReader {
  readonly #object: BpfObject;
  readonly #ring: RingBuffer;
  #onBatch: ((batch: Buffer) => void) | undefined;
  #onTurn: (() => void) | undefined;
  #nap: NodeJS.Timeout | undefined;

  /** Opens the ring, which takes a thread, memory and descriptors. Records stay in it until `start`. */
  constructor(object: BpfObject, map: string) {
    this.#object = object;
    this.#ring = object.ringBuffer(map, () => this.#woken());
  }

  /**
   * @param onBatch gets framed records; see RingBuffer.drain of bpf-loader-native
   * @param onTurn called after each look into the ring, when its state is set: what is not in the ring can be looked at now
   */
  start(onBatch: (batch: Buffer) => void, onTurn?: () => void): void {
    this.#onBatch = onBatch;
    this.#onTurn = onTurn;
    this.#fallAsleep();
  }

  /** Reads what is in the ring now, at most `most` batches. @returns how many there were */
  drain(most = Number.POSITIVE_INFINITY): number {
    let batches = 0;
    while (this.#onBatch && batches < most) {
      const batch = this.#ring.drain();
      if (!batch) break;
      batches += 1;
      this.#onBatch(batch);
    }
    return batches;
  }

  /** Unread bytes in the ring. */
  get pendingBytes(): number {
    return this.#ring.pendingBytes;
  }

  close(): void {
    clearTimeout(this.#nap);
    this.#ring.close();
  }

  /** Handles a wake-up by the kernel: the first record after falling asleep, or a filling ring during a nap. */
  #woken(): void {
    if (this.#nap) this.#napOver();
    else this.#takeNap();
  }

  #takeNap(milliseconds = NAP_MS): void {
    this.#object.writeVariable('reader', READER.NAPPING);
    this.#nap = setTimeout(() => this.#napOver(), milliseconds);
  }

  #napOver(): void {
    clearTimeout(this.#nap);
    this.#nap = undefined;
    const batches = this.drain(MAX_BATCHES);
    if (batches === 0) this.#fallAsleep();
    else this.#takeNap(batches === MAX_BATCHES ? 0 : NAP_MS);
    this.#onTurn?.();
  }

  /** Falls asleep, then checks again: a record from just before the state changed has not woken the reader. */
  #fallAsleep(): void {
    this.#object.writeVariable('reader', READER.ASLEEP);
    if (this.#ring.pendingBytes > 0) this.#takeNap();
  }
}
