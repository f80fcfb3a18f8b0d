// SPDX-License-Identifier: Apache-2.0
import type { ApplicationSpan } from './application-span.ts';
import type { Stall, Stalls } from './stalls.ts';

/** How sure it is that a stall delayed a span, the surest first. */
export const CERTAINTIES = ['active_span', 'thread', 'process'] as const;
export type Certainty = (typeof CERTAINTIES)[number];

/** How a span was stalled. */
export interface Correlation {
  span: ApplicationSpan;
  /** The surest that one of its stalls has. */
  certainty: Certainty;
  /** How much of the span was stalled: each moment counts once, and no more than the span. Of the stalls with that certainty. */
  stalledNano: number;
  /** The same of all stalls of the process in this time. */
  inProcessNano: number;
  /** How many stalls have that certainty. */
  stallCount: number;
  /** Those that are longest within the span, the longest first. */
  stalls: { stall: Stall; overlapNano: number }[];
}

/** The stalls that are kept of a span: a long one may overlap all of the recording. */
const MAX_STALLS = 1000;

/** The stalls that overlap a span, or undefined where none does. @param isOfHost whether the span is of the host of the recording */
export function correlate(span: ApplicationSpan, all: Stalls, isOfHost: boolean): Correlation | undefined {
  const found = new Map<Stall, Certainty>();
  if (isOfHost && span.pid !== undefined) {
    for (const stall of all.ofProcess(span.pid, span.from, span.to)) {
      found.set(stall, isOfThread(span, stall) ? 'thread' : 'process');
    }
  }
  for (const stall of all.ofActiveSpan(span.traceId, span.spanId)) {
    if (stall.from < span.to && stall.to > span.from) found.set(stall, 'active_span');
  }
  const certainty = CERTAINTIES.find((one) => [...found.values()].includes(one));
  if (certainty === undefined) return undefined;
  const certain = [...found].filter(([, one]) => one === certainty).map(([stall]) => stall);
  return {
    span,
    certainty,
    stalledNano: unionNano(span, certain),
    inProcessNano: unionNano(span, [...found.keys()]),
    stallCount: certain.length,
    stalls: certain
      .map((stall) => ({ stall, overlapNano: unionNano(span, [stall]) }))
      .sort((a, b) => b.overlapNano - a.overlapNano)
      .slice(0, MAX_STALLS),
  };
}

/** Linux keeps so many bytes of a thread's name. */
const NAME_BYTES = 15;

/**
 * Whether the tracer says that the span is of the stalled thread. Some say the number that their language has for it: Java's are 1, 2, 3. So
 * a name counts before a number.
 */
function isOfThread({ threadId, threadName }: ApplicationSpan, { tid, comm }: Stall): boolean {
  if (threadName === undefined) return tid > 0 && threadId === tid;
  if (Buffer.byteLength(threadName) <= NAME_BYTES) return comm === threadName;
  // Newer JVMs keep begin and end of a long name. Where only the begin is kept, many threads have the same.
  return comm === `${threadName.slice(0, 7)}..${threadName.slice(-6)}`;
}

/** How much of a span is within stalls: their union, cut to the span. */
function unionNano({ from, to }: ApplicationSpan, stalls: readonly Stall[]): number {
  let covered = 0n;
  let end = from;
  for (const stall of stalls.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const begin = stall.from > end ? stall.from : end;
    const last = stall.to < to ? stall.to : to;
    if (last <= begin) continue;
    covered += last - begin;
    end = last;
  }
  return Number(covered);
}
