// SPDX-License-Identifier: Apache-2.0
/** A process whose threads stall within their spans when it is told to: harness/programs/stalls. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0 } from '../../harness/host.ts';
import type { TraceContext } from '../../src/event/event.ts';
import { CommandedProgram } from './commanded-program.ts';

const BUILD = fileURLToPath(new URL('../../harness/programs/stalls/build/', import.meta.url));

/** A page fault of a thread, and the number of the span in which it was; times in nanoseconds since the epoch. */
export interface Fault {
  tid: number;
  span: number;
  begin: bigint;
  end: bigint;
}

export class Stalls extends CommandedProgram {
  /**
   * @param name of the program in harness/programs/stalls/build
   * @param threads of which the last one publishes no span
   * @param switches how often each switches its span before it stalls
   */
  constructor(name: string, { file = COMPACT_NODE0, threads = 5, switches = 1 } = {}) {
    assert.ok(existsSync(BUILD + name), `${name} has not been built`);
    super(BUILD + name, [file, `${threads}`, `${switches}`]);
  }

  /** So many in each thread, at the same time. */
  async make(count: number): Promise<void> {
    await this.tell(`${count}`);
  }

  /** So many huge pages are faulted in, each in a span of its own, by each thread at the same time. */
  async faultHugePages(count: number): Promise<Fault[]> {
    const output = await this.tell(`huge ${count}`);
    return [...output.matchAll(/^fault (\d+) (\d+) (\d+) (\d+)$/gm)].map(([, tid, span, begin, end]) => ({
      tid: Number(tid),
      span: Number(span),
      begin: BigInt(begin!),
      end: BigInt(end!),
    }));
  }
}

/** What a stall in that span says of it: one that was not sampled, as every seventh, is only linked to. */
export function contextOf(tid: number, number: number): TraceContext {
  const sampled = number % 7 !== 0;
  return { source: 'thread', ...spanOf(tid, number), flags: sampled ? 1 : 0, relation: sampled ? 'child' : 'link' };
}

/** The span of that number of a thread. */
export function spanOf(tid: number, number: number): { traceId: string; spanId: string } {
  const half = Buffer.alloc(8);
  half.writeBigUInt64LE(BigInt(tid));
  return { traceId: half.toString('hex').repeat(2), spanId: number.toString(16).padStart(16, '0') };
}
