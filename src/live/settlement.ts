// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from 'bpf-loader-native';
import { lostIn, type NamedSinkBooks } from '../event/books.ts';
import { type AgentEvent, isCompaction, type NotRecordedEvent } from '../event/event.ts';
import type { SourceBooks } from '../event/source-books.ts';
import { type LossReason, reportedOf } from '../event/source-losses.ts';
import type { ScanCounters } from '../kernel/vmstat.ts';
import { Handover, type Left } from './handover.ts';
import type { Reported } from './omissions.ts';
import type { Pinning } from './pinned-programs.ts';
import type { RingReader } from './ring-reader.ts';

/** From one look at the outputs to the next, while events are under way. */
const LOOK_MS = 25;
/** The share of the ring that may hold what was read and is not delivered yet. Programs wake the reader from a quarter on. */
const KEPT_SHARE = 1 / 8;
const UNKNOWN = 2n ** 64n - 1n;

/** The fields of the handover with what was reported, by reason. */
const REPORTED = {
  rate: 'reportedRate',
  ring_full: 'reportedRingFull',
  table_full: 'reportedTableFull',
  overwritten: 'reportedOverwritten',
  no_control: 'reportedNoControl',
  no_scratch: 'reportedNoScratch',
  expired: 'reportedExpired',
  skipped: 'reportedSkipped',
  malformed: 'reportedMalformed',
  earlier_agent: 'reportedEarlierAgent',
} as const satisfies Record<LossReason | 'rate', keyof Left>;
type ReportedMember = (typeof REPORTED)[keyof typeof REPORTED];
const REASONS = Object.entries(REPORTED);

/** Counters of /proc/vmstat before and after the programs were attached. */
export interface Baseline {
  before: ScanCounters;
  attached: ScanCounters;
}

interface Parts {
  object: Pick<BpfObject, 'readMap' | 'updateMap' | 'writeVariable'>;
  reader: Pick<RingReader, 'position' | 'release'>;
  /** Gets what earlier agents counted. */
  books: SourceBooks;
  pinning: Pinning;
  /** Of programs that were attached now; undefined when it could not be read. */
  baseline: Baseline | undefined;
  /** Epoch time, shortly before this process attached programs. */
  startedUnixNs: bigint;
  ttlNs: number;
  monotonicNs: () => bigint;
  ringBytes: number;
}

/**
 * Keeps records in the ring until the outputs have delivered them, so that the next agent reads again what this one has not
 * delivered when it is killed. Where outputs take long, records are given up after a share of the ring: they count as lost when
 * the agent is killed, and not otherwise.
 */
export class Settlement {
  /** Of the programs, whoever attached them. */
  readonly baseline: Baseline | undefined;
  /** Since when the programs count, whoever attached them; epoch time. */
  readonly sinceUnixNs: bigint;
  /** Pages scanned by all events so far. */
  readonly scanned: ScanCounters = { migrate: 0, free: 0 };
  /** What earlier agents reported of what the limit left out; undefined for new programs. */
  readonly reported: Reported | undefined;
  /** Earlier agents have reported every loss before this time; epoch time, as is the next. */
  readonly lossesSinceUnixNs: bigint;
  /** When the first compaction began that earlier agents neither delivered nor reported. */
  readonly undeliveredSinceUnixNs: bigint;
  readonly #handover: Handover;
  readonly #reader: Parts['reader'];
  readonly #books: SourceBooks;
  readonly #agents: bigint;
  readonly #keptBytes: number;
  #reportedRateNs = 0;
  /** Reports that may still be on their way, and the number of events up to each. */
  #reports: { event: NotRecordedEvent; upTo: number }[] = [];
  /** When the first began of the compactions that may still be on their way. */
  #unsettledSinceUnixNs: bigint | undefined;
  #lossesSince = () => this.lossesSinceUnixNs;
  #delivered = 0;
  #released: number;
  #sinks: () => readonly NamedSinkBooks[] = () => [];
  #timer: NodeJS.Timeout | undefined;

  /** Goes on where the last agent was: in the ring, and in the books. */
  constructor({ object, reader, books, pinning, baseline, startedUnixNs, ttlNs, monotonicNs, ringBytes }: Parts) {
    this.#reader = reader;
    this.#books = books;
    this.#keptBytes = ringBytes * KEPT_SHARE;
    this.#handover = new Handover(object, ttlNs, monotonicNs);
    const left = pinning.adopted ? this.#handover.read() : undefined;
    this.sinceUnixNs = left?.sinceUnixNs ?? startedUnixNs;
    this.#agents = (left?.agents ?? 0n) + 1n;
    if (left) {
      this.#goOn(left);
      this.baseline = baselineOf(left);
      this.reported = { count: Number(left.reportedRate), sumNs: this.#reportedRateNs, atNs: left.atNs };
    } else {
      const unread = pinning.replaced?.unread ?? 0;
      books.earlier = { events: 0, lost: unread, undelivered: unread };
      this.baseline = pinning.adopted ? undefined : baseline;
      if (pinning.adopted) this.reported = { count: 0, sumNs: 0, atNs: monotonicNs() };
    }
    this.lossesSinceUnixNs = left?.lossesSinceUnixNs ?? (pinning.adopted ? 0n : startedUnixNs);
    this.undeliveredSinceUnixNs = left?.unsettledSinceUnixNs ?? pinning.replaced?.sinceUnixNs ?? startedUnixNs;
    this.#delivered = books.earlier!.events;
    this.#released = reader.position;
    this.#settle(0);
  }

  /** From here on the outputs are looked at. */
  start(sinks: () => readonly NamedSinkBooks[]): void {
    this.#sinks = sinks;
  }

  /** From here on losses are reported. @param since every loss before this time is reported; epoch time */
  reportLosses(since: () => bigint): void {
    this.#lossesSince = since;
  }

  /** Events were read, or made of what was left out or lost; the books have them. */
  read(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (isCompaction(event)) {
        this.scanned.migrate += event.scanned.migrate;
        this.scanned.free += event.scanned.free;
        this.#unsettledSinceUnixNs = earlier(this.#unsettledSinceUnixNs, BigInt(event.startUnixNano));
      } else {
        this.#reportedRateNs += event.sumNano ?? 0;
        this.#reports.push({ event, upTo: this.#events() });
      }
    }
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  /** Events went to the outputs. */
  delivered(events: number): void {
    this.#delivered += events;
  }

  /** Call it when the outputs are closed: nothing is under way. */
  finish(): void {
    this.close();
    this.#settle(0);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#handover.close();
  }

  #goOn(left: Left): void {
    const books = this.#books;
    const events = Number(left.decoded + left.notRecordedEvents);
    books.received = Number(left.received);
    books.decoded = Number(left.decoded);
    books.malformed = Number(left.malformed);
    if (left.notRecordedEvents > 0n) {
      const compactions = REASONS.map(([reason, member]) => [reason, Number(left[member])] as const);
      books.notRecorded = {
        events: Number(left.notRecordedEvents),
        compactions: Object.fromEntries(compactions.filter(([, n]) => n > 0)),
      };
    }
    // An agent that ended by itself has left nothing unsettled.
    books.earlier = {
      events,
      lost: Number(left.lost + left.unsettled),
      undelivered: Number(left.undelivered + left.unsettled),
    };
    this.#reportedRateNs = Number(left.reportedRateNs);
    this.scanned.migrate = Number(left.migrateScanned);
    this.scanned.free = Number(left.freeScanned);
    // If it was killed between writing the handover and this.
    this.#reader.release(Number(left.position));
  }

  #look(): void {
    const queued = Math.max(0, ...this.#sinks().map(({ books }) => books.queued));
    const unsettled = this.#events() - this.#delivered + queued;
    const kept = this.#reader.position - this.#released;
    if (unsettled === 0 || kept > this.#keptBytes) this.#settle(unsettled);
    this.#timer = unsettled === 0 ? undefined : setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  #events(): number {
    return this.#books.decoded + (this.#books.notRecorded?.events ?? 0);
  }

  /** Writes the handover, then releases the ring. When the agent is killed in between, the next one releases it. */
  #settle(unsettled: number): void {
    const { received, decoded, malformed, notRecorded, earlier: before } = this.#books;
    const { position } = this.#reader;
    const settled = this.#events() - unsettled;
    this.#reports = this.#reports.filter(({ upTo }) => upTo > settled);
    if (unsettled === 0) this.#unsettledSinceUnixNs = undefined;
    const reports = this.#reports.map(({ event }) => event);
    const reported = this.#reportedWithout(reports);
    const isReported = before!.undelivered === Number(reported.reportedEarlierAgent);
    this.#handover.write({
      position: BigInt(position),
      received: BigInt(received),
      decoded: BigInt(decoded),
      malformed: BigInt(malformed),
      notRecordedEvents: BigInt((notRecorded?.events ?? 0) - reports.length),
      ...reported,
      reportedRateNs: BigInt(this.#reportedRateNs - sum(reports.map(({ sumNano = 0 }) => sumNano))),
      migrateScanned: BigInt(this.scanned.migrate),
      freeScanned: BigInt(this.scanned.free),
      lost: BigInt(before!.lost + lostIn(this.#sinks())),
      undelivered: BigInt(before!.undelivered),
      lossesSinceUnixNs: reports.reduce(
        (first, event) => earlier(first, BigInt(event.startUnixNano)),
        this.#lossesSince(),
      ),
      unsettled: BigInt(Math.max(0, unsettled - reports.length)),
      unsettledSinceUnixNs: earlier(
        isReported ? undefined : this.undeliveredSinceUnixNs,
        this.#unsettledSinceUnixNs ?? UNKNOWN,
      ),
      beforeMigrateScanned: known(this.baseline?.before.migrate),
      beforeFreeScanned: known(this.baseline?.before.free),
      attachedMigrateScanned: known(this.baseline?.attached.migrate),
      attachedFreeScanned: known(this.baseline?.attached.free),
      agents: this.#agents,
      sinceUnixNs: this.sinceUnixNs,
    });
    this.#reader.release(position);
    this.#released = position;
  }

  /** What was reported, by reason, without reports that the next agent makes again. */
  #reportedWithout(reports: readonly NotRecordedEvent[]): Record<ReportedMember, bigint> {
    const entries = REASONS.map(([reason, member]) => {
      const again = sum(reports.filter((event) => event.reason === reason).map(({ count }) => count));
      return [member, BigInt(reportedOf(this.#books, reason) - again)];
    });
    return Object.fromEntries(entries);
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
const earlier = (one: bigint | undefined, other: bigint) => (one !== undefined && one < other ? one : other);

const known = (pages: number | undefined) => (pages === undefined ? UNKNOWN : BigInt(pages));

function baselineOf(left: Left): Baseline | undefined {
  if (left.beforeMigrateScanned === UNKNOWN) return undefined;
  return {
    before: { migrate: Number(left.beforeMigrateScanned), free: Number(left.beforeFreeScanned) },
    attached: { migrate: Number(left.attachedMigrateScanned), free: Number(left.attachedFreeScanned) },
  };
}
