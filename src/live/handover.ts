// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from 'bpf-loader-native';
import { HANDOVER, HANDOVER_SIZE } from '../abi.generated.ts';

const MAP = 'cs_handover';
const KEY = Buffer.alloc(4);
/** How many times within the time to live the agent says that it is there. */
const SIGNS_OF_LIFE = 4;
/** The longest that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What one agent leaves to the next: struct handover of bpf/event.h, under the same names. */
export type Left = { [member in keyof typeof HANDOVER]: bigint };

/** Reads and writes what agents leave to each other, and lets the programs record while one is there. */
export class Handover {
  readonly #object: Pick<BpfObject, 'readMap' | 'updateMap' | 'writeVariable'>;
  readonly #ttlNs: number;
  readonly #monotonicNs: () => bigint;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param ttlNs how long the programs record without an agent
   * @param monotonicNs reads the kernel's CLOCK_MONOTONIC
   */
  constructor(
    object: Pick<BpfObject, 'readMap' | 'updateMap' | 'writeVariable'>,
    ttlNs: number,
    monotonicNs: () => bigint,
  ) {
    this.#object = object;
    this.#ttlNs = ttlNs;
    this.#monotonicNs = monotonicNs;
    this.#live();
    const everyMs = Math.min(Math.max(ttlNs / 1e6 / SIGNS_OF_LIFE, 1), MAX_TIMER_MS);
    this.#timer = setInterval(() => this.#live(), everyMs).unref();
  }

  /** What an earlier agent left; undefined when none came so far. */
  read(): Left | undefined {
    const entry = this.#object.readMap(MAP);
    if (entry.length === 0) return undefined;
    const value = entry.subarray(KEY.length);
    const members = Object.entries(HANDOVER).map(([name, { offset }]) => [name, value.readBigUInt64LE(offset)]);
    return Object.fromEntries(members) as Left;
  }

  /** All at once: an agent that is killed leaves either this or what was there before. */
  write(left: Omit<Left, 'atNs'>): void {
    const value = Buffer.alloc(HANDOVER_SIZE);
    const all: Left = { ...left, atNs: this.#monotonicNs() };
    for (const [name, { offset }] of Object.entries(HANDOVER)) {
      value.writeBigUInt64LE(all[name as keyof Left], offset);
    }
    this.#object.updateMap(MAP, KEY, value);
  }

  /** From here on the time to live runs. */
  close(): void {
    clearInterval(this.#timer);
    this.#live();
  }

  #live(): void {
    this.#object.writeVariable('record_until_ns', this.#monotonicNs() + BigInt(this.#ttlNs));
  }
}
