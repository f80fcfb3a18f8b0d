// SPDX-License-Identifier: Apache-2.0
import { BOOKS } from '../abi.generated.ts';
import type { NotRecordedEvent } from './event.ts';
import type { Filter } from './selection.ts';
import type { SinkBooks } from './sink.ts';

/** The counters of struct books (bpf/event.h), under the same names. */
export type KernelBooks = Record<keyof typeof BOOKS, number>;

export function decodeKernelBooks(bytes: Buffer): KernelBooks {
  const entries = Object.entries(BOOKS).map(([name, { offset }]) => [name, Number(bytes.readBigInt64LE(offset))]);
  return Object.fromEntries(entries) as KernelBooks;
}

/** Probes of processes, which look for the place where its threads publish their contexts: all, and what came of them. */
export interface ProbeCounters {
  made: number;
  /** Under way. */
  open: number;
  publishing: number;
  /** By the reason, `no_answer` or one of prober/thread-context/reason.ts. */
  without: Record<string, number>;
}

/** A source's half of the books: the accounting of every compaction. */
export interface SourceBooks {
  /** Absent for a recording. */
  kernel?: KernelBooks;
  /** Times that the kernel skipped a program because it was already running on that CPU; absent for a recording. */
  programMisses?: number;
  /** Absent when no process is probed. */
  probes?: ProbeCounters;
  /** Records, or lines of a recording; without those of what the limit left out. */
  received: number;
  decoded: number;
  malformed: number;
  /** What the user's filters made of the decoded ones of a recording; absent without filters. */
  selection?: { selected: number; filtered: { [filter in Filter]?: number } };
  /** Events of what the limit left out, and how many compactions they report; absent while there are none. */
  notRecorded?: { events: number; compactions: number };
  /** Unread bytes in the ring. */
  pendingBytes: number;
  /** Where programs stayed attached: the events that agents before this one delivered or lost, and those of them that are lost. */
  earlier?: { events: number; lost: number };
  /** Whether the programs stay attached: what is in the ring is not lost. */
  stays?: boolean;
}

/** Counts an event that reports what the limit left out: neither a record nor a compaction's line. */
export function countNotRecorded(books: SourceBooks, { count }: NotRecordedEvent): void {
  books.notRecorded ??= { events: 0, compactions: 0 };
  books.notRecorded.events += 1;
  books.notRecorded.compactions += count;
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

/** What became of the events, and of those that earlier runs have left. */
function sinkEquations(
  { name: sink, books }: NamedSinkBooks,
  name: string,
  events: number,
  earlier: SourceBooks['earlier'],
): Equation[] {
  const { exported, dropped, queued, spooled, recovered = 0 } = books;
  const terms = [
    [`exported by ${sink}`, exported],
    ...(earlier ? [['by earlier agents', earlier.events] as const] : []),
    ...Object.entries({ none: 0, ...dropped }).map(([why, n]) => [`dropped{${why}}`, n] as const),
    ['queued', queued],
    ...(spooled === undefined ? [] : [['spooled', spooled] as const]),
  ] as const;
  if (recovered === 0) return [{ name, total: events, terms }];
  const total = events + recovered;
  const sources = [[name, events] as const, ['recovered', recovered] as const];
  return [
    { name: sink, total, terms: sources },
    { name: sink, total, terms },
  ];
}

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
            terms: [['reported in events not_recorded', source.notRecorded?.compactions ?? 0]] as const,
          },
        ]
      : []),
    {
      name: 'emitted',
      total: kernel.emitted,
      terms: [
        ['received', source.received],
        ['in ring', source.pendingBytes > 0 ? kernel.emitted - source.received : 0],
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
const lostBy = ({ dropped }: SinkBooks) => Object.entries(dropped).filter(([reason]) => !NOT_LOST.has(reason));

/** How many events these sinks have lost; one that two have lost counts twice. */
export const lostIn = (sinks: readonly NamedSinkBooks[]): number =>
  sinks.flatMap(({ books }) => lostBy(books)).reduce((sum, [, n]) => sum + n, 0);

/** Lost events by reason; empty when none was lost. @param ended what still waits is lost at the end, and not before */
export function losses(source: SourceBooks, sinks: readonly NamedSinkBooks[], ended = true): Map<string, number> {
  const lost = new Map<string, number>();
  const add = (reason: string, n: number) => n > 0 && lost.set(reason, (lost.get(reason) ?? 0) + n);
  const { kernel } = source;
  if (kernel) {
    add('the ring buffer was full', kernel.ringFull);
    add('more threads were compacting at once than the table holds', kernel.evictedTableFull);
    add('a thread began twice without an end', kernel.evictedOverwritten);
    add('the call to compact_zone was not seen', kernel.evictedNoControl);
    add('no scratch memory', kernel.noScratch);
    add('no agent was there for longer than --pin-ttl', kernel.evictedExpired);
    if (ended && !source.stays)
      add('left in the ring buffer', source.pendingBytes > 0 ? kernel.emitted - source.received : 0);
  }
  add('the kernel skipped a program that was already running on that CPU', source.programMisses ?? 0);
  add(kernel ? 'a record was malformed' : 'a line was malformed', source.malformed);
  add('an agent before this one did not deliver it', source.earlier?.lost ?? 0);
  for (const { name, books } of sinks) {
    for (const [reason, n] of lostBy(books)) add(`${name} dropped it: ${reason}`, n);
    if (ended) add(`${name} still had it queued`, books.queued);
  }
  return lost;
}
