// SPDX-License-Identifier: Apache-2.0
import type { Looked } from '../correlate/correlations.ts';
import type { Certainty, Correlation } from '../correlate/overlap.ts';
import type { Stall } from '../correlate/stalls.ts';
import { duration } from '../sinks/text/table.ts';
import { printable } from '../terminal.ts';

const MAX_NAME = 60;
/** The stalls of one span that are named, the longest. */
const MAX_STALLS = 3;

const WORDS: Record<Certainty, string> = {
  active_span: 'same active span',
  thread: 'same thread',
  process: 'same process and time',
};

/** The spans with their stalls, for a terminal; without a line break at the end. */
export function correlationsText(longest: readonly Correlation[], looked: Looked): string {
  return [...longest.flatMap(spanLines), ...lookedLines(looked)].join('\n');
}

function spanLines({ span, certainty, stalledNano, inProcessNano, stallCount, stalls }: Correlation): string[] {
  const spanNano = Number(span.to - span.from);
  const share = spanNano > 0 ? Math.round((stalledNano / spanNano) * 100) : 100;
  const more = inProcessNano > stalledNano ? `; ${duration(inProcessNano)} with other threads of the process` : '';
  return [
    `${duration(stalledNano)} of ${duration(spanNano)} (${share} %)  ${short(span.service)}: ${short(span.name)}`,
    `  ${WORDS[certainty]}${more}`,
    ...stalls.slice(0, MAX_STALLS).map(({ stall, overlapNano }) => `  ${stallText(stall, overlapNano)}`),
    ...(stallCount > MAX_STALLS ? [`  and ${stallCount - MAX_STALLS} more`] : []),
    `  trace ${span.traceId} span ${span.spanId} pid ${span.pid ?? '-'}`,
    '',
  ];
}

function stallText({ trigger, order, node, zone, comm, tid }: Stall, overlapNano: number): string {
  return `${duration(overlapNano)} ${trigger} compaction of ${node}/${printable(zone)}, order ${order}, thread ${short(comm)} ${tid}`;
}

function lookedLines({ stalls, notRecorded, leftOut, spans, ofHost, withoutPid, stalled }: Looked): string[] {
  return [
    `${stalled} of ${spans} spans overlap some of ${stalls} stalls`,
    ...(ofHost < spans
      ? [`${ofHost} spans name a process of this host; ${withoutPid} of this host name no process`]
      : []),
    ...(notRecorded > 0 ? [`the recording lacks ${notRecorded} compactions: spans may have waited for longer`] : []),
    ...(leftOut > 0
      ? [`${leftOut} stalls are too many and were not looked at: take a part with --pid or --trigger`]
      : []),
  ];
}

/** The same for programs. */
export const correlationsJson = (longest: readonly Correlation[], looked: Looked) => ({
  v: 1,
  ...looked,
  longest: longest.map(({ span, certainty, stalledNano, inProcessNano, stallCount, stalls }) => ({
    traceId: span.traceId,
    spanId: span.spanId,
    service: span.service,
    name: span.name,
    pid: span.pid ?? null,
    startUnixNano: String(span.from),
    durationNano: Number(span.to - span.from),
    certainty,
    stalledNano,
    inProcessNano,
    stallCount,
    stalls: stalls.map(({ stall: { from, to, activeSpanId: _, traceId: __, ...stall }, overlapNano }) => ({
      startUnixNano: String(from),
      durationNano: Number(to - from),
      overlapNano,
      ...stall,
    })),
  })),
});

function short(text: string): string {
  const characters = [...printable(text)];
  return characters.length > MAX_NAME ? `${characters.slice(0, MAX_NAME - 1).join('')}~` : characters.join('');
}
