// SPDX-License-Identifier: Apache-2.0
import type { SourceBooks } from './source-books.ts';

interface SourceLoss {
  /** The reason of the events that report it. */
  reason: string;
  /** The same for people, in the books. */
  text: string;
  /** Where a recording is the source. */
  textOfRecording?: string;
  /** How many were lost; undefined when that was not looked at. */
  count: (books: SourceBooks) => number | undefined;
}

/** Why a source loses compactions: every loss that is the same for all outputs. Its order is that of the books. */
export const SOURCE_LOSSES = [
  { reason: 'ring_full', text: 'the ring buffer was full', count: ({ kernel }) => kernel?.ringFull },
  {
    reason: 'table_full',
    text: 'more threads were compacting at once than the table holds',
    count: ({ kernel }) => kernel?.evictedTableFull,
  },
  {
    reason: 'overwritten',
    text: 'a thread began twice without an end',
    count: ({ kernel }) => kernel?.evictedOverwritten,
  },
  {
    reason: 'no_control',
    text: 'the call to compact_zone was not seen',
    count: ({ kernel }) => kernel?.evictedNoControl,
  },
  { reason: 'no_scratch', text: 'no scratch memory', count: ({ kernel }) => kernel?.noScratch },
  {
    reason: 'expired',
    text: 'no agent was there for longer than --pin-ttl',
    count: ({ kernel }) => kernel?.evictedExpired,
  },
  {
    reason: 'skipped',
    text: 'the kernel skipped a program that was already running on that CPU',
    count: ({ programMisses }) => programMisses,
  },
  {
    reason: 'malformed',
    text: 'a record was malformed',
    textOfRecording: 'a line was malformed',
    count: ({ malformed }) => malformed,
  },
  {
    reason: 'earlier_agent',
    text: 'an agent before this one did not deliver it',
    count: ({ earlier }) => earlier?.undelivered,
  },
] as const satisfies readonly SourceLoss[];

export type LossReason = (typeof SOURCE_LOSSES)[number]['reason'];

const ROWS: readonly (SourceLoss & { reason: LossReason })[] = SOURCE_LOSSES;

/** What was lost, by reason; without those that were not looked at. */
export function sourceLosses(books: SourceBooks): Map<LossReason, number> {
  const counted = ROWS.map(({ reason, count }) => [reason, count(books)] as const);
  return new Map(counted.filter((entry): entry is [LossReason, number] => entry[1] !== undefined));
}

/** How many compactions events have reported as lost for a reason, or as left out. */
export const reportedOf = ({ notRecorded }: SourceBooks, reason: string): number =>
  notRecorded?.compactions[reason] ?? 0;

/** A reason in words, also one of a later version's recording. */
export const reasonText = (reason: string): string => ROWS.find((row) => row.reason === reason)?.text ?? reason;

/** The same in the words of the books. */
export function lossText(reason: LossReason, { kernel }: SourceBooks): string {
  const { text, textOfRecording } = ROWS.find((row) => row.reason === reason)!;
  return kernel ? text : (textOfRecording ?? text);
}
