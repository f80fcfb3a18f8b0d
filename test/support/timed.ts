// SPDX-License-Identifier: Apache-2.0
/** A program that reads the time of day around its stalls and changes the clock (harness/programs/stalls/timed.c). */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { CompactionEvent } from '../../src/event/event.ts';
import { JsonProgram } from './json-program.ts';
import type { Recorded } from './records.ts';

/** The edges of spans agree with an application's clock within this. */
export const AGREE_NS = 50_000n;

/** Readings at one instant, with the uncertainty of that. */
export interface Clocks {
  realtime: bigint;
  monotonic: bigint;
  uncertainty: bigint;
  /** CLOCK_MONOTONIC_RAW, which is never slewed. */
  raw: bigint;
}

export interface Stall extends Clocks {
  /** The edges of a span around the stall. */
  start: bigint;
  end: bigint;
  startMonotonic: bigint;
  endMonotonic: bigint;
  /** CLOCK_MONOTONIC around the step of another thread. */
  stepBefore: bigint;
  stepAfter: bigint;
}

export class Timed {
  readonly #program = new JsonProgram(
    fileURLToPath(new URL('../../harness/programs/stalls/build/timed', import.meta.url)),
  );

  get pid(): number {
    return this.#program.pid;
  }

  stall = (file: string): Promise<Stall> => this.#ask(`stall ${file}`);
  stallAndStep = (file: string, seconds: number, microseconds: number): Promise<Stall> =>
    this.#ask(`stall ${file} ${seconds} ${microseconds}`);
  step = (seconds: number): Promise<Clocks> => this.#ask(`step ${seconds}`);
  slew = (ppm: number): Promise<Clocks> => this.#ask(`slew ${ppm}`);
  end = () => this.#program.end();

  async #ask<T>(command: string): Promise<T> {
    const answer = Object.entries(await this.#program.ask(command));
    return Object.fromEntries(answer.map(([name, value]) => [name, BigInt(value as string)])) as T;
  }
}

export const startOf = ({ startUnixNano }: CompactionEvent) => BigInt(startUnixNano);
export const endOf = (event: CompactionEvent) => startOf(event) + BigInt(event.durationNano);

/** Asserts that the agent's time of the begin is the kernel's, converted by the program's own clocks. */
export function assertConverted(event: Recorded, { realtime, monotonic, uncertainty }: Clocks): void {
  const difference = startOf(event) - (event.beginNs + realtime - monotonic);
  assert.ok(abs(difference) < AGREE_NS + uncertainty, `${difference} ns from the program's clock`);
}

/** Asserts that the stall is within a span that the program makes around it. */
export function assertWithin(event: CompactionEvent, { start, end }: { start: bigint; end: bigint }): void {
  assert.ok(startOf(event) > start - AGREE_NS, `begins ${start - startOf(event)} ns before`);
  assert.ok(endOf(event) < end + AGREE_NS, `ends ${endOf(event) - end} ns after`);
}

export const abs = (value: bigint) => (value < 0n ? -value : value);
