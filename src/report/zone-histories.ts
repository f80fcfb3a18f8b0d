// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event/event.ts';
import { cutBlocks, cutText } from './cut.ts';
import type { ZoneBin, ZoneHistory } from './data.ts';
import { TimeBins } from './time-bins.ts';

/** A host has up to five a node. */
const MAX_ZONES = 32;
const MAX_BINS = 96;

type Sums = Omit<ZoneBin, 'bin'>;
interface Zone extends Pick<ZoneHistory, 'host'> {
  node: number;
  zone: string;
  bins: TimeBins<Sums>;
}

/** The state of each zone over time, at the begin and at the end of compactions. */
export class ZoneHistories {
  readonly #zones = new Map<string, Zone>();
  leftOut = 0;

  /** @param host its number */
  add(event: CompactionEvent, host?: number): void {
    const { node, zone, begin, end } = event;
    const history = this.#zoneOf(node, cutText(zone), host);
    if (!history) {
      this.leftOut += 1;
      return;
    }
    const isIndexed = begin.index !== null && end.index !== null;
    merge(history.bins.at(BigInt(event.startUnixNano)), {
      count: 1,
      freeBegin: begin.free,
      freeEnd: end.free,
      indexed: isIndexed ? 1 : 0,
      indexBegin: isIndexed ? begin.index! : 0,
      indexEnd: isIndexed ? end.index! : 0,
      blocksBegin: cutBlocks(begin.blocks),
      blocksEnd: cutBlocks(end.blocks),
    });
  }

  /** Goes on with what others have added up. */
  goOn(zones: readonly ZoneHistory[], leftOut: number): void {
    this.leftOut = leftOut;
    for (const { host, node, zone, originUnixNano, widthNano, bins } of zones) {
      const history = this.#zoneOf(node, zone, host)!;
      history.bins.widenTo(BigInt(widthNano));
      for (const { bin, ...sums } of bins) {
        merge(history.bins.at(BigInt(originUnixNano) + BigInt(bin) * BigInt(widthNano)), sums);
      }
    }
  }

  /** undefined for one more zone than it keeps. */
  #zoneOf(node: number, zone: string, host: number | undefined): Zone | undefined {
    const key = `${host}/${node}/${zone}`;
    const known = this.#zones.get(key);
    if (known || this.#zones.size === MAX_ZONES) return known;
    const made = { ...(host !== undefined && { host }), node, zone, bins: new TimeBins(MAX_BINS, noSums, merge) };
    this.#zones.set(key, made);
    return made;
  }

  report(): ZoneHistory[] {
    return [...this.#zones.values()]
      .sort((a, b) => (a.host ?? -1) - (b.host ?? -1) || a.node - b.node || (a.zone < b.zone ? -1 : 1))
      .map(({ bins, ...zone }) => ({
        ...zone,
        originUnixNano: String(bins.originUnixNano),
        widthNano: Number(bins.widthNano),
        bins: bins.entries().map(([bin, sums]) => ({ bin, ...sums })),
      }));
  }
}

const noSums = (): Sums => ({
  count: 0,
  freeBegin: 0,
  freeEnd: 0,
  indexed: 0,
  indexBegin: 0,
  indexEnd: 0,
  blocksBegin: [],
  blocksEnd: [],
});

function merge(into: Sums, from: Sums): void {
  for (const key of ['count', 'freeBegin', 'freeEnd', 'indexed', 'indexBegin', 'indexEnd'] as const) {
    into[key] += from[key];
  }
  for (const key of ['blocksBegin', 'blocksEnd'] as const) {
    from[key].forEach((blocks, order) => {
      into[key][order] = (into[key][order] ?? 0) + blocks;
    });
  }
}
