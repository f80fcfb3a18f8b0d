// SPDX-License-Identifier: Apache-2.0

import type { CompactionEvent } from '../event/event.ts';
import type { KernelBooks } from '../event/source-books.ts';
import { readScanCounters, type ScanCounters } from '../kernel/vmstat.ts';

/**
 * The completeness check. The kernel adds the pages scanned by a compaction to /proc/vmstat in the statement before the
 * end tracepoint, and adds nothing else. So over any window the sum over all ends equals the change of the counters.
 *
 * A compaction that ends while the programs are being attached or detached may be on either side. The counters are read
 * before and after both, and the sum must lie between the smallest and the largest change. Where the tracepoints do not
 * pass compact_control, a compaction that was under way when the programs were attached ends with its pages unknown: the
 * sum may then be smaller.
 */
export class Verification {
  readonly #vmstat: string;
  #before: ScanCounters;
  #attached: ScanCounters | undefined;
  #detaching: ScanCounters | undefined;
  #detached: ScanCounters | undefined;
  readonly #events: ScanCounters = { migrate: 0, free: 0 };

  constructor(vmstat = '/proc/vmstat') {
    this.#vmstat = vmstat;
    this.#before = readScanCounters(vmstat);
  }

  attached(): void {
    this.#attached = readScanCounters(this.#vmstat);
  }

  /** The programs are those of earlier agents: the window began with these. @param scanned the pages of their events */
  goOn({ before, attached }: { before: ScanCounters; attached: ScanCounters }, scanned: ScanCounters): void {
    this.#before = before;
    this.#attached = attached;
    this.add([{ scanned }]);
  }

  add(events: readonly Pick<CompactionEvent, 'scanned'>[]): void {
    for (const { scanned } of events) {
      this.#events.migrate += scanned.migrate;
      this.#events.free += scanned.free;
    }
  }

  detaching(): void {
    this.#detaching = readScanCounters(this.#vmstat);
  }

  detached(): void {
    this.#detached = readScanCounters(this.#vmstat);
  }

  /**
   * Both numbers of each counter in words, and whether they agree.
   * @param waiting records that stay in the ring for the next agent, which are in no event yet
   */
  result(kernel: KernelBooks, waiting = 0): { lines: string[]; agrees: boolean } {
    // Ends whose begin was seen were not under way before.
    const unknownEnds = Math.max(0, kernel.endPagesUnknown - kernel.evictedNoControl - kernel.evictedTableFull);
    const missing = { unknownEnds, waiting };
    const { migrateScanned, emittedMigrateScanned, freeScanned, emittedFreeScanned } = kernel;
    const checks = [
      this.#check('migrate', 'compact_migrate_scanned', migrateScanned, emittedMigrateScanned, missing),
      this.#check('free', 'compact_free_scanned', freeScanned, emittedFreeScanned, missing),
    ];
    return { lines: checks.map(({ line }) => line), agrees: checks.every(({ agrees }) => agrees) };
  }

  #check(
    scanner: keyof ScanCounters,
    name: string,
    seen: number,
    emitted: number,
    { unknownEnds, waiting }: { unknownEnds: number; waiting: number },
  ) {
    const change = (from: ScanCounters, to: ScanCounters) => to[scanner] - from[scanner];
    const least = change(this.#attached!, this.#detaching!);
    const most = change(this.#before, this.#detached!);
    const vmstat = least === most ? `${most}` : `${least} to ${most} (compaction was under way at the start or end)`;
    const complete = seen <= most && (seen >= least || unknownEnds > 0);
    const verdict =
      seen >= least ? 'equal' : `fewer (${unknownEnds} were under way at the start; their pages are unknown)`;
    const events = this.#events[scanner];
    const delivered = events === emitted || (waiting > 0 && events < emitted);
    const rest = events === emitted ? 'equal' : `fewer (${waiting} records wait for the next agent)`;
    const line =
      `${name}: /proc/vmstat ${vmstat}, compactions seen ${seen}: ${complete ? verdict : 'NOT EQUAL'}; ` +
      `in records ${emitted}, in events ${events}: ${delivered ? rest : 'NOT EQUAL'}`;
    return { line, agrees: complete && delivered };
  }
}
