// SPDX-License-Identifier: Apache-2.0
import type { NotRecordedEvent } from './event.ts';
import type { SinkBooks } from './sink.ts';
import type { KernelBooks, ProbeCounters, SourceBooks } from './source-books.ts';
import { lossText, reportedOf, SOURCE_LOSSES, sourceLosses } from './source-losses.ts';

/** Counts an event that reports what was left out or lost: neither a record nor a compaction's line. */
export function countNotRecorded(books: SourceBooks, { count, reason }: NotRecordedEvent): void {
  const { events = 0, compactions } = books.notRecorded ?? {};
  const counted = reportedOf(books, reason) + count;
  books.notRecorded = { events: events + 1, compactions: { ...compactions, [reason]: counted } };
}

export interface NamedSinkBooks {
  name: string;
  books: SinkBooks;
}

/** `total = sum of terms`, where every term has its own counter. A label is `term` or `term{reason}`. */
export interface Equation {
  name: string;
  total: number;
  terms: readonly (readonly [label: string, value: number])[];
}

/** Reasons that are not losses: the user asked for them. */
const NOT_LOST = new Set(['not_sampled', 'closed']);

export const isLoss = (reason: string): boolean => !NOT_LOST.has(reason);

export function equations(source: SourceBooks, sinks: readonly NamedSinkBooks[]): Equation[] {
  const { kernel, selection, notRecorded, earlier } = source;
  const [name, compactions] = selection ? ['selected', selection.selected] : ['decoded', source.decoded];
  const events = compactions + (notRecorded?.events ?? 0);
  return [
    ...(kernel ? kernelEquations(kernel, source) : []),
    {
      name: 'received',
      total: source.received,
      terms: [
        ['decoded', source.decoded],
        ['malformed', source.malformed],
      ],
    },
    ...lostEquation(source),
    ...(selection
      ? [
          {
            name: 'decoded',
            total: source.decoded,
            terms: [
              ['selected', selection.selected],
              ...Object.entries({ none: 0, ...selection.filtered }).map(([why, n]) => [`filtered{${why}}`, n] as const),
            ] as const,
          },
        ]
      : []),
    ...(notRecorded
      ? [
          {
            name: 'events',
            total: events,
            terms: [
              [name, compactions],
              ['not_recorded', notRecorded.events],
            ] as const,
          },
        ]
      : []),
    ...sinks.flatMap((sink) => sinkEquations(sink, notRecorded ? 'events' : name, events, earlier)),
  ];
}

/** Every loss is in an event; empty while nothing is lost. */
function lostEquation(source: SourceBooks): Equation[] {
  const total = [...sourceLosses(source).values()].reduce((sum, n) => sum + n, 0);
  const terms = SOURCE_LOSSES.map(({ reason }) => [`reported{${reason}}`, reportedOf(source, reason)] as const);
  const none = total === 0 && terms.every(([, n]) => n === 0);
  return source.reportsLosses && !none ? [{ name: 'lost', total, terms }] : [];
}

/** What became of the events, of those that earlier runs have left, and of the sink's own, which report its losses. */
function sinkEquations(
  { name: sink, books }: NamedSinkBooks,
  name: string,
  events: number,
  earlier: SourceBooks['earlier'],
): Equation[] {
  const { exported, dropped, queued, spooled, recovered = 0, reports = 0 } = books;
  const terms = [
    [`exported by ${sink}`, exported],
    ...(earlier ? [['by earlier agents', earlier.events] as const] : []),
    ...Object.entries({ none: 0, ...dropped }).map(([why, n]) => [`dropped{${why}}`, n] as const),
    ['queued', queued],
    ...(spooled === undefined ? [] : [['spooled', spooled] as const]),
  ] as const;
  const total = events + recovered + reports;
  if (total === events) return [{ name, total, terms }];
  const sources = [
    [name, events] as const,
    ...(recovered > 0 ? [['recovered', recovered] as const] : []),
    ...(reports > 0 ? [['reports', reports] as const] : []),
  ];
  return [
    { name: sink, total, terms: sources },
    { name: sink, total, terms },
  ];
}

/** Records that nobody has read yet. */
export const inRing = ({ kernel, received, pendingBytes }: SourceBooks): number =>
  kernel && pendingBytes > 0 ? kernel.emitted - received : 0;

/** What the user's filters left out. */
const filtered = (kernel: KernelBooks) =>
  [
    ['filtered{pid}', kernel.filteredPid],
    ['filtered{trigger}', kernel.filteredTrigger],
    ['filtered{min_duration}', kernel.filteredMinDuration],
    ['filtered{rate}', kernel.filteredRate],
  ] as const;

function kernelEquations(kernel: KernelBooks, source: SourceBooks): Equation[] {
  return [
    {
      name: 'begins',
      total: kernel.begins,
      terms: [
        ['paired', kernel.paired],
        ['open', kernel.openNow],
        ['evicted{table_full}', kernel.evictedTableFull],
        ['evicted{overwritten}', kernel.evictedOverwritten],
        ['evicted{no_control}', kernel.evictedNoControl],
        ['evicted{expired}', kernel.evictedExpired],
      ],
    },
    ...contextEquation(kernel),
    ...(source.probes ? [probesEquation(source.probes)] : []),
    {
      name: 'ends',
      total: kernel.ends,
      terms: [
        ['paired', kernel.paired],
        ['without begin', kernel.endWithoutBegin],
      ],
    },
    {
      name: 'paired',
      total: kernel.paired,
      terms: [
        ['emitted', kernel.emitted],
        ...filtered(kernel),
        ['dropped{ring_full}', kernel.ringFull],
        ['dropped{no_scratch}', kernel.noScratch],
      ],
    },
    ...stacksEquation(kernel),
    ...(kernel.filteredRate > 0
      ? [
          {
            name: 'filtered',
            total: kernel.filteredRate,
            terms: [['reported in events not_recorded', reportedOf(source, 'rate')]] as const,
          },
        ]
      : []),
    {
      name: 'emitted',
      total: kernel.emitted,
      terms: [
        ['received', source.received],
        ['in ring', inRing(source)],
      ],
    },
  ];
}

/** Every pair, with its stack or with the reason why it has none; empty when no stacks are wanted. */
function stacksEquation(kernel: KernelBooks): Equation[] {
  const stacks = [
    ['with stack', kernel.stackTaken],
    ['omitted{budget}', kernel.stackOmittedBudget],
    ['omitted{min_duration}', kernel.stackOmittedMinDuration],
    ['omitted{failed}', kernel.stackOmittedFailed],
  ] as const;
  if (stacks.every(([, value]) => value === 0)) return [];
  const noRecord = [...filtered(kernel), ['dropped{no_scratch}', kernel.noScratch]] as const;
  return [{ name: 'paired', total: kernel.paired, terms: [...stacks, ...noRecord] }];
}

/** Every begin, with the active span or with the reason why it is unknown; empty with `--context off`. */
function contextEquation(kernel: KernelBooks): Equation[] {
  const terms = [
    ['with context', kernel.contextFound],
    ['without{unpublished}', kernel.contextUnpublished],
    ['without{no_span}', kernel.contextNoSpan],
    ['without{no_block}', kernel.contextNoBlock],
    ['without{stale}', kernel.contextStale],
    ['without{unreadable}', kernel.contextUnreadable],
    ['without{invalid}', kernel.contextInvalid],
    ['without{not_in_map}', kernel.contextNotInMap],
    ['without{no_control}', kernel.evictedNoControl],
    ['without{expired}', kernel.evictedExpired],
  ] as const;
  return terms.slice(0, -2).some(([, value]) => value > 0) ? [{ name: 'begins', total: kernel.begins, terms }] : [];
}

/** Every probe of a process, with whether it publishes its spans, or the reason: REASONS of prober/thread-context/reason.ts. */
function probesEquation({ made, publishing, open, without }: ProbeCounters): Equation {
  const reasons = Object.entries({ none: 0, ...without }).map(([reason, n]) => [`without{${reason}}`, n] as const);
  return { name: 'probes', total: made, terms: [['publishing', publishing], ...reasons, ['open', open]] };
}

export function balances({ total, terms }: Equation): boolean {
  return total === terms.reduce((sum, [, value]) => sum + value, 0);
}

/** What a sink lost, by reason. */
const lostBy = ({ dropped }: SinkBooks) => Object.entries(dropped).filter(([reason]) => isLoss(reason));

/** How many events these sinks have lost; one that two have lost counts twice. */
export const lostIn = (sinks: readonly NamedSinkBooks[]): number =>
  sinks.flatMap(({ books }) => lostBy(books)).reduce((sum, [, n]) => sum + n, 0);

/** Lost events by reason; empty when none was lost. @param ended what still waits is lost at the end, and not before */
export function losses(source: SourceBooks, sinks: readonly NamedSinkBooks[], ended = true): Map<string, number> {
  const lost = new Map<string, number>();
  const add = (reason: string, n: number) => n > 0 && lost.set(reason, (lost.get(reason) ?? 0) + n);
  for (const [reason, n] of sourceLosses(source)) add(lossText(reason, source), n);
  const { lost: ofEarlier = 0, undelivered = 0 } = source.earlier ?? {};
  add(lossText('earlier_agent', source), ofEarlier - undelivered);
  if (ended && !source.stays) add('left in the ring buffer', inRing(source));
  for (const { name, books } of sinks) {
    for (const [reason, n] of lostBy(books)) add(`${name} dropped it: ${reason}`, n);
    if (ended) add(`${name} still had it queued`, books.queued);
  }
  return lost;
}
