// SPDX-License-Identifier: Apache-2.0

/** The least that a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;

interface Write {
  offset: number;
  bytes: Buffer;
  /** Whether the machine was told that it is done. */
  isAnswered: boolean;
}

/** What a power cut did to the writes that no flush had covered. */
export interface Cut {
  kept: number;
  lost: number;
  /** Writes of which some sectors are there. */
  torn: number;
}

/**
 * A disk with a volatile cache, as most have one: it is written in no order, and a power cut may lose all that was written since the last flush.
 */
export class VolatileDisk {
  /** What a power cut cannot take. */
  readonly #durable: Buffer;
  /** What the machine reads. */
  readonly #current: Buffer;
  readonly #sectorBytes: number;
  readonly #wholeBytes: number;
  #cached: Write[] = [];

  /**
   * @param bytes at the start; whole sectors
   * @param sectorBytes what it writes whole or not at all
   * @param wholeBytes the first bytes of the disk are written whole or not at all. ext4 relies on it for its superblock, which has two sectors and one
   *   checksum, and is also written in place, without the journal: with one of them it cannot be mounted
   */
  constructor(bytes: Buffer, { sectorBytes = SECTOR_BYTES, wholeBytes = 0 } = {}) {
    this.#durable = bytes;
    this.#sectorBytes = sectorBytes;
    this.#wholeBytes = wholeBytes;
    this.#current = Buffer.from(bytes);
  }

  get size(): number {
    return this.#durable.length;
  }

  /** The bytes of the disk, as the machine has them. */
  read(offset: number, length: number): Buffer {
    return this.#current.subarray(offset, offset + length);
  }

  write(offset: number, bytes: Buffer): void {
    this.#current.set(bytes, offset);
    this.#cached.push({ offset, bytes: Buffer.from(bytes), isAnswered: false });
  }

  /** The machine knows of all writes so far that they are done. From here on a flush covers them. */
  answered(): void {
    for (const write of this.#cached) write.isAnswered = true;
  }

  /** Makes durable all that was answered. A write that was not may be on its way yet. */
  flush(): void {
    const covered = this.#cached.filter(({ isAnswered }) => isAnswered);
    for (const { offset, bytes } of covered) this.#durable.set(bytes, offset);
    this.#cached = this.#cached.filter(({ isAnswered }) => !isAnswered);
  }

  /**
   * Loses the power. A third of what no flush has covered is there, a third is lost, and a third is torn: each of its sectors is there or not.
   *
   * @param random gives numbers from 0 to 1
   */
  cut(random: () => number): Cut {
    const cut: Cut = { kept: 0, lost: 0, torn: 0 };
    for (const { offset, bytes } of this.#cached) {
      const fate = (['kept', 'lost', 'torn'] as const)[Math.floor(random() * 3)]!;
      cut[fate] += 1;
      for (let at = 0, next = 0; at < bytes.length; at = next) {
        next = at + Math.max(this.#sectorBytes, this.#wholeBytes - (offset + at));
        const isThere = fate === 'kept' || (fate === 'torn' && random() < 0.5);
        if (isThere) this.#durable.set(bytes.subarray(at, next), offset + at);
      }
    }
    this.#cached = [];
    this.#current.set(this.#durable);
    return cut;
  }
}
