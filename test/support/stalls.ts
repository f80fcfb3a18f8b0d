// SPDX-License-Identifier: Apache-2.0
/** A process whose threads stall within their spans on command: harness/programs/stalls. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0 } from '../../harness/host.ts';
import type { TraceContext } from '../../src/event/event.ts';
import { CommandedProgram } from './commanded-program.ts';

const BUILD = fileURLToPath(new URL('../../harness/programs/stalls/build/', import.meta.url));

/** A page fault of a thread, with the number of its span. Times are nanoseconds since the epoch. */
export interface Fault {
  tid: number;
  span: number;
  begin: bigint;
  end: bigint;
}

export class Stalls extends CommandedProgram {
  /**
   * @param name the program in harness/programs/stalls/build
   * @param threads the number of threads; the last one publishes no span
   * @param switches the number of times that each switches its span before a stall
   * @param under the words of a command that starts it; its pid is then that command's
   */
  constructor(name: string, { file = COMPACT_NODE0, threads = 5, switches = 1, under = [] as string[] } = {}) {
    assert.ok(existsSync(BUILD + name), `${name} has not been built`);
    const [program, ...words] = [...under, BUILD + name, file, `${threads}`, `${switches}`];
    super(program!, words);
  }

  /** Makes `count` stalls in each thread, all threads at the same time. */
  async make(count: number): Promise<void> {
    await this.tell(`${count}`);
  }

  /** Faults `count` huge pages in, each in a new span, in all threads at the same time. */
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

/** The context of a stall in that span. Every seventh span is not sampled, so its stall has only a link. */
export function contextOf(tid: number, number: number): TraceContext {
  const sampled = number % 7 !== 0;
  return { source: 'thread', ...spanOf(tid, number), flags: sampled ? 1 : 0, relation: sampled ? 'child' : 'link' };
}

/** The ids of a thread's span by its number. */
export function spanOf(tid: number, number: number): { traceId: string; spanId: string } {
  const half = Buffer.alloc(8);
  half.writeBigUInt64LE(BigInt(tid));
  return { traceId: half.toString('hex').repeat(2), spanId: number.toString(16).padStart(16, '0') };
}
