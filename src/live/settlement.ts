// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from 'bpf-loader-native';
import { lostIn, type NamedSinkBooks, type SourceBooks } from '../event/books.ts';
import { type AgentEvent, isCompaction } from '../event/event.ts';
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
  /** Pages scanned by all events so far. */
  readonly scanned: ScanCounters = { migrate: 0, free: 0 };
  /** What earlier agents reported of what the limit left out; undefined for new programs. */
  readonly reported: Reported | undefined;
  readonly #handover: Handover;
  readonly #reader: Parts['reader'];
  readonly #books: SourceBooks;
  readonly #agents: bigint;
  readonly #keptBytes: number;
  #notRecordedNs = 0;
  #delivered = 0;
  #released: number;
  #sinks: () => readonly NamedSinkBooks[] = () => [];
  #timer: NodeJS.Timeout | undefined;

  /** Goes on where the last agent was: in the ring, and in the books. */
  constructor({ object, reader, books, pinning, baseline, ttlNs, monotonicNs, ringBytes }: Parts) {
    this.#reader = reader;
    this.#books = books;
    this.#keptBytes = ringBytes * KEPT_SHARE;
    this.#handover = new Handover(object, ttlNs, monotonicNs);
    const left = pinning.adopted ? this.#handover.read() : undefined;
    this.#agents = (left?.agents ?? 0n) + 1n;
    if (left) {
      this.#goOn(left);
      this.baseline = baselineOf(left);
      this.reported = { count: Number(left.notRecorded), sumNs: this.#notRecordedNs, atNs: left.atNs };
    } else {
      books.earlier = { events: 0, lost: pinning.replaced?.unread ?? 0 };
      this.baseline = pinning.adopted ? undefined : baseline;
      if (pinning.adopted) this.reported = { count: 0, sumNs: 0, atNs: monotonicNs() };
    }
    this.#delivered = books.earlier!.events;
    this.#released = reader.position;
    this.#settle(0);
  }

  /** From here on the outputs are looked at. */
  start(sinks: () => readonly NamedSinkBooks[]): void {
    this.#sinks = sinks;
  }

  /** Events were read, or made of what the limit left out. */
  read(events: readonly AgentEvent[]): void {
    for (const event of events) {
      if (isCompaction(event)) {
        this.scanned.migrate += event.scanned.migrate;
        this.scanned.free += event.scanned.free;
      } else this.#notRecordedNs += event.sumNano;
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
      books.notRecorded = { events: Number(left.notRecordedEvents), compactions: Number(left.notRecorded) };
    }
    // It was killed if it still had some.
    books.earlier = { events, lost: Number(left.lost + left.unsettled) };
    this.#notRecordedNs = Number(left.notRecordedNs);
    this.scanned.migrate = Number(left.migrateScanned);
    this.scanned.free = Number(left.freeScanned);
    // It was killed before it could do so itself.
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

  /** Written first: an agent that is killed in between has its successor do the rest. */
  #settle(unsettled: number): void {
    const { received, decoded, malformed, notRecorded, earlier } = this.#books;
    const { position } = this.#reader;
    this.#handover.write({
      position: BigInt(position),
      received: BigInt(received),
      decoded: BigInt(decoded),
      malformed: BigInt(malformed),
      notRecordedEvents: BigInt(notRecorded?.events ?? 0),
      notRecorded: BigInt(notRecorded?.compactions ?? 0),
      notRecordedNs: BigInt(this.#notRecordedNs),
      migrateScanned: BigInt(this.scanned.migrate),
      freeScanned: BigInt(this.scanned.free),
      lost: BigInt(earlier!.lost + lostIn(this.#sinks())),
      unsettled: BigInt(unsettled),
      beforeMigrateScanned: known(this.baseline?.before.migrate),
      beforeFreeScanned: known(this.baseline?.before.free),
      attachedMigrateScanned: known(this.baseline?.attached.migrate),
      attachedFreeScanned: known(this.baseline?.attached.free),
      agents: this.#agents,
    });
    this.#reader.release(position);
    this.#released = position;
  }
}

const known = (pages: number | undefined) => (pages === undefined ? UNKNOWN : BigInt(pages));

function baselineOf(left: Left): Baseline | undefined {
  if (left.beforeMigrateScanned === UNKNOWN) return undefined;
  return {
    before: { migrate: Number(left.beforeMigrateScanned), free: Number(left.beforeFreeScanned) },
    attached: { migrate: Number(left.attachedMigrateScanned), free: Number(left.attachedFreeScanned) },
  };
}
