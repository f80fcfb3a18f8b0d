// SPDX-License-Identifier: Apache-2.0
import { type CompactionEvent, TRIGGERS } from '../event/event.ts';
import { cutText } from './cut.ts';
import type { TimeCells } from './data.ts';
import { TimeBins } from './time-bins.ts';
import { bucketOf } from './totals.ts';

const MAX_BINS = 240;
/** Beyond, bins become wider: the rows of a long storm of many services would make the page large. */
const MAX_CELLS = 30_000;
/** Services beyond these are one. */
const MAX_SERVICES = 40;

interface Cell {
  service: number;
  trigger: number;
  bucket: number;
  count: number;
  sumNano: number;
}

/** Sums by time, service, trigger and duration, in bounded memory. */
export class Cells {
  readonly #services = new Map<string | null, number>();
  readonly #maxCells: number;
  #others: number | undefined;
  #cells = 0;
  readonly #bins: TimeBins<Map<string, Cell>>;

  constructor(maxCells = MAX_CELLS) {
    this.#maxCells = maxCells;
    this.#bins = new TimeBins<Map<string, Cell>>(
      MAX_BINS,
      () => new Map(),
      (into, from) => {
        for (const [key, cell] of from) {
          const same = into.get(key);
          if (!same) into.set(key, cell);
          else {
            same.count += cell.count;
            same.sumNano += cell.sumNano;
            this.#cells -= 1;
          }
        }
      },
    );
  }

  add({ startUnixNano, durationNano, resource, trigger: name }: CompactionEvent): void {
    const serviceName = resource?.['service.name'];
    const service = this.#service(typeof serviceName === 'string' ? cutText(serviceName) : null);
    const trigger = TRIGGERS.indexOf(name);
    const bucket = bucketOf(durationNano);
    const key = `${service} ${trigger} ${bucket}`;
    const bin = this.#bins.at(BigInt(startUnixNano));
    const cell = bin.get(key);
    if (cell) {
      cell.count += 1;
      cell.sumNano += durationNano;
      return;
    }
    bin.set(key, { service, trigger, bucket, count: 1, sumNano: durationNano });
    this.#cells += 1;
    // One bin has fewer: 40 services, 4 triggers, and twice 64 buckets.
    while (this.#cells > this.#maxCells) this.#bins.widen();
  }

  /** Goes on with what others have added up. */
  goOn({ originUnixNano, widthNano, services, othersService, rows }: TimeCells): void {
    services.forEach((name, number) => {
      if (number !== othersService) this.#services.set(name, number);
    });
    this.#others = othersService;
    this.#bins.widenTo(BigInt(widthNano));
    for (const [bin, service, trigger, bucket, count, sumNano] of rows) {
      const at = this.#bins.at(BigInt(originUnixNano) + BigInt(bin) * BigInt(widthNano));
      at.set(`${service} ${trigger} ${bucket}`, { service, trigger, bucket, count, sumNano });
      this.#cells += 1;
    }
  }

  report(): TimeCells {
    const services = [...this.#services.keys()];
    if (this.#others !== undefined) services.push('(other services)');
    return {
      originUnixNano: String(this.#bins.originUnixNano),
      widthNano: Number(this.#bins.widthNano),
      services,
      ...(this.#others !== undefined && { othersService: this.#others }),
      triggers: TRIGGERS,
      rows: this.#bins
        .entries()
        .flatMap(([bin, cells]) =>
          [...cells.values()].map((cell): TimeCells['rows'][number] => [
            bin,
            cell.service,
            cell.trigger,
            cell.bucket,
            cell.count,
            cell.sumNano,
          ]),
        ),
    };
  }

  #service(name: string | null): number {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    if (this.#services.size === MAX_SERVICES) {
      this.#others = MAX_SERVICES;
      return MAX_SERVICES;
    }
    this.#services.set(name, this.#services.size);
    return this.#services.size - 1;
  }
}
