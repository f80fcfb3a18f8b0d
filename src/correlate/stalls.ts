// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event/event.ts';

/** A compaction, as far as it matters for the spans that it was in. */
export interface Stall {
  from: bigint;
  to: bigint;
  pid: number;
  tid: number;
  comm: string;
  trigger: string;
  order: number;
  node: number;
  zone: string;
  /** The active span of its thread, if the application published it. */
  traceId?: string;
  activeSpanId?: string;
}

/** A process's stalls, sorted by their begins. */
interface OfProcess {
  stalls: Stall[];
  longest: bigint;
  isSorted: boolean;
}

/** The stalls of a recording, by process and by active span. */
export class Stalls {
  count = 0;
  /** From the first begin to the last end. */
  from: bigint | undefined;
  to = 0n;
  readonly #byProcess = new Map<number, OfProcess>();
  readonly #byActiveSpan = new Map<string, Stall[]>();

  add(event: CompactionEvent): void {
    const stall = stallOf(event);
    this.count += 1;
    if (this.from === undefined || stall.from < this.from) this.from = stall.from;
    if (stall.to > this.to) this.to = stall.to;
    // A process without a pid here cannot be found by it.
    if (stall.pid > 0) this.#addTo(stall.pid, stall);
    if (stall.activeSpanId === undefined) return;
    const key = keyOf(stall.traceId!, stall.activeSpanId);
    const known = this.#byActiveSpan.get(key);
    if (known) known.push(stall);
    else this.#byActiveSpan.set(key, [stall]);
  }

  /** Of all stalled processes that have a number here. */
  get pids(): Iterable<number> {
    return this.#byProcess.keys();
  }

  /** Of all active spans that were published. */
  get traceIds(): Set<string> {
    return new Set([...this.#byActiveSpan.values()].map(([stall]) => stall!.traceId!));
  }

  ofActiveSpan(traceId: string, spanId: string): readonly Stall[] {
    return this.#byActiveSpan.get(keyOf(traceId, spanId)) ?? [];
  }

  /** A process's stalls that overlap a time. */
  *ofProcess(pid: number, from: bigint, to: bigint): Generator<Stall> {
    const process = this.#byProcess.get(pid);
    if (!process) return;
    if (!process.isSorted) process.stalls.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
    process.isSorted = true;
    const { stalls, longest } = process;
    for (let i = firstAfter(stalls, from - longest); i < stalls.length && stalls[i]!.from < to; i++) {
      if (stalls[i]!.to > from) yield stalls[i]!;
    }
  }

  #addTo(pid: number, stall: Stall): void {
    let process = this.#byProcess.get(pid);
    if (!process) {
      process = { stalls: [], longest: 0n, isSorted: false };
      this.#byProcess.set(pid, process);
    }
    process.stalls.push(stall);
    process.isSorted = false;
    if (stall.to - stall.from > process.longest) process.longest = stall.to - stall.from;
  }
}

function stallOf({ startUnixNano, durationNano, context, ...event }: CompactionEvent): Stall {
  const { pid, tid, comm, trigger, order, node, zone } = event;
  const from = BigInt(startUnixNano);
  const active = context && { traceId: context.traceId, activeSpanId: context.spanId };
  return { from, to: from + BigInt(durationNano), pid, tid, comm, trigger, order, node, zone, ...active };
}

const keyOf = (traceId: string, spanId: string) => traceId + spanId;

/** The index of the first that does not begin before a time. */
function firstAfter(stalls: readonly Stall[], time: bigint): number {
  let [low, high] = [0, stalls.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stalls[middle]!.from < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
