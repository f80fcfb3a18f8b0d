// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from 'bpf-loader-native';
import { BOOKS, OMISSIONS, OMISSIONS_SIZE } from '../abi.generated.ts';
import type { NotRecordedEvent } from '../event/event.ts';
import { notRecorded } from '../event/lost.ts';
import type { EpochClock } from '../kernel/clock.ts';

/** At most one event for this long. */
const PERIOD_MS = 1000;
/** OMISSION_PERIODS of bpf/event.h. */
const PERIODS = 2;

/** What the last reading of a place found in it: the sums there are over all periods. */
interface Sums {
  number: number;
  durationNs: number;
}

interface Found {
  count: number;
  sumNs: number;
  longestNs: number;
  /** CLOCK_MONOTONIC, as is the next. */
  beginNs: bigint;
  endNs: bigint;
}

/** What earlier agents have reported of what these programs left out. */
export interface Reported {
  count: number;
  sumNs: number;
  /** When the last of them reported, CLOCK_MONOTONIC. */
  atNs: bigint;
}

/**
 * Reports what the limit for records left out (bpf/rate_limit.h): an event a second while there is something, and what is left
 * at the end. Reads mapped memory, so the kernel sends nothing for it. Nothing runs while nothing is left out.
 */
export class Omissions {
  readonly #object: Pick<BpfObject, 'readVariable' | 'writeVariable'>;
  readonly #clock: EpochClock;
  readonly #limit: number;
  readonly #report: (event: NotRecordedEvent) => void;
  readonly #known: Sums[] = [];
  #period = 1;
  #reported = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    object: Pick<BpfObject, 'readVariable' | 'writeVariable'>,
    clock: EpochClock,
    limit: number,
    report: (event: NotRecordedEvent) => void,
    before?: Reported,
  ) {
    this.#object = object;
    this.#clock = clock;
    this.#limit = limit;
    this.#report = report;
    if (before) this.#goOn(before);
  }

  /** Looks whether something was left out. Call it when the ring has been read, and when its reader has fallen asleep. */
  look(): void {
    if (this.#timer !== undefined) return;
    const counted = this.#object.readVariable('books').readBigUInt64LE(BOOKS.filteredRate.offset);
    if (Number(counted) !== this.#reported) this.#timer = setTimeout(() => this.#periodOver(), PERIOD_MS);
  }

  /** Reports the rest, after the programs were detached. May be called again, for one that was still running. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#take(this.#period - 1);
    this.#take(this.#period);
  }

  /** Reports what was left out since the last agent: in one event, as the periods are not known. */
  #goOn({ count, sumNs, atNs }: Reported): void {
    this.#period = this.#object.readVariable('omission_period').readUInt32LE();
    const found = this.#find(() => true);
    const since = { ...found, count: found.count - count, sumNs: found.sumNs - sumNs };
    this.#reported = found.count;
    if (since.count > 0) this.#send({ ...since, beginNs: atNs < since.endNs ? atNs : since.beginNs });
  }

  /** No program writes to the last period any more. Its place is the next period's. */
  #periodOver(): void {
    this.#timer = undefined;
    this.#take(this.#period - 1);
    this.#period += 1;
    this.#object.writeVariable('omission_period', this.#period);
    this.look();
  }

  #take(period: number): void {
    const found = this.#find((place, slots) => Math.floor(place / slots) === period % PERIODS);
    if (found.count === 0) return;
    this.#reported += found.count;
    this.#send(found);
  }

  /** What is new in some of the places. */
  #find(isWanted: (place: number, slots: number) => boolean): Found {
    const bytes = this.#object.readVariable('omissions');
    const places = bytes.length / OMISSIONS_SIZE;
    const found = { count: 0, sumNs: 0, longestNs: 0, beginNs: 2n ** 64n, endNs: 0n };
    for (let place = 0; place < places; place++) {
      if (!isWanted(place, places / PERIODS)) continue;
      const u64 = ({ offset }: { offset: number }) => bytes.readBigUInt64LE(place * OMISSIONS_SIZE + offset);
      const known = this.#known[place] ?? { number: 0, durationNs: 0 };
      const now = { number: Number(u64(OMISSIONS.number)), durationNs: Number(u64(OMISSIONS.durationNs)) };
      if (now.number === known.number) continue;
      this.#known[place] = now;
      found.count += now.number - known.number;
      found.sumNs += now.durationNs - known.durationNs;
      found.longestNs = Math.max(found.longestNs, Number(u64(OMISSIONS.longestNs)));
      found.beginNs = u64(OMISSIONS.firstBeginNs) < found.beginNs ? u64(OMISSIONS.firstBeginNs) : found.beginNs;
      found.endNs = u64(OMISSIONS.lastEndNs) > found.endNs ? u64(OMISSIONS.lastEndNs) : found.endNs;
    }
    return found;
  }

  #send({ count, sumNs, longestNs, beginNs, endNs }: Found): void {
    this.#clock.measure();
    const fromUnixNs = this.#clock.toEpochNs(beginNs);
    const found = { compactions: count, fromUnixNs, toUnixNs: fromUnixNs + endNs - beginNs };
    this.#report({ ...notRecorded('rate', found), sumNano: sumNs, longestNano: longestNs, limit: this.#limit });
  }
}
