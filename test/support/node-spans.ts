// SPDX-License-Identifier: Apache-2.0
/** A Node.js application with spans around its stalls (test/kernel/child/spans.mjs), and the bounds of those. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { JsonProgram } from './json-program.ts';
import type { Recorded } from './records.ts';
import { AGREE_NS, startOf } from './timed.ts';

const MILLISECOND = 1_000_000n;

export interface NodeSpan {
  start: bigint;
  end: bigint;
  /** The times before and after the start of the span, then before and after its end. The stall is in between. */
  monotonic: [bigint, bigint, bigint, bigint];
}

export class NodeSpans {
  readonly #program = new JsonProgram(process.execPath, [
    fileURLToPath(new URL('../kernel/child/spans.mjs', import.meta.url)),
  ]);

  get pid(): number {
    return this.#program.pid;
  }

  async stall(file: string): Promise<NodeSpan> {
    const { start, end, monotonic } = await this.#program.ask(file);
    return { start: BigInt(start), end: BigInt(end), monotonic: monotonic.map(BigInt) };
  }

  end = () => this.#program.end();
}

/**
 * OpenTelemetry's SDK starts a span at Date.now(), cut to milliseconds, and takes its duration from a monotonic clock. So the
 * whole span is up to a millisecond early, and no more.
 */
export function assertAround(event: Recorded, { start, end, monotonic }: NodeSpan): void {
  const [beforeStart, afterStart, beforeEnd, afterEnd] = monotonic.map((ns) => startOf(event) + ns - event.beginNs);
  const within = (what: string, value: bigint, least: bigint, most: bigint) =>
    assert.ok(value > least - AGREE_NS && value < most + AGREE_NS, `${what}: ${value}, not in ${least}...${most}`);
  within('start', start, beforeStart! - MILLISECOND, afterStart!);
  // The SDK may have been interrupted between its two clock readings.
  within('end', end, beforeEnd! - MILLISECOND - (afterStart! - beforeStart!), afterEnd!);
}
