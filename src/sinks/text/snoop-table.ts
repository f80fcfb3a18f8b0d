// SPDX-License-Identifier: Apache-2.0
/**
 * The table of bcc's compactsnoop, byte for byte. Its formats are C's and Python's: `%-14s` is padEnd(14), `%9s` is
 * padStart(9), `%-14.14s` also cuts. Only what would move a terminal's cursor is a question mark.
 */
import type { CompactionEvent } from '../../event/event.ts';
import { printable } from '../../terminal.ts';

export interface SnoopColumns {
  /** -T: seconds since the first row. */
  timestamp: boolean;
  /** -e: fragmentation index, watermarks, free pages. */
  extended: boolean;
  /** -K: the kernel stack under each row. */
  kernelStack: boolean;
}

const left = (width: number, value: string | number) => String(value).padEnd(width);
/** `%-14.14s`. Python counts characters, whereas JavaScript counts UTF-16 units. */
const cut = (width: number, value: string) => {
  const characters = [...value].slice(0, width);
  return characters.join('') + ' '.repeat(width - characters.length);
};
const columns = (...cells: [number, string | number][]) => cells.map(([width, value]) => left(width, value)).join(' ');

export function snoopHeader({ timestamp, extended }: SnoopColumns): string {
  return `${[
    ...(timestamp ? [left(14, 'TIME(s)')] : []),
    columns([14, 'COMM'], [6, 'PID'], [4, 'NODE'], [12, 'ZONE'], [5, 'ORDER'], [7, 'MODE']),
    ...(extended ? [columns([8, 'FRAGIDX'], [8, 'MIN'], [8, 'LOW'], [8, 'HIGH'], [8, 'FREE'])] : []),
    `${'LAT(ms)'.padStart(9)} ${'STATUS'.padStart(16)}`,
  ].join(' ')}\n`;
}

/** @returns a function that formats one row, and remembers the first row's time */
export function snoopRows({ timestamp, extended, kernelStack }: SnoopColumns): (event: CompactionEvent) => string {
  let firstEnd: bigint | undefined;
  return (event) => {
    const end = BigInt(event.startUnixNano) + BigInt(event.durationNano);
    firstEnd ??= end;
    const row = [
      ...(timestamp ? [left(14, seconds(end - firstEnd))] : []),
      columns(
        [14, cut(14, printable(event.comm))],
        [6, event.pid],
        [4, event.node],
        [12, `ZONE_${event.zone.toUpperCase()}`],
        [5, event.order],
        [7, event.mode === 'async' ? 'ASYNC' : 'SYNC'],
      ),
      ...(extended
        ? [
            columns(
              [8, (event.begin.index ?? -1).toFixed(3)],
              [8, event.watermark.min],
              [8, event.watermark.low],
              [8, event.watermark.high],
              [8, event.begin.free],
            ),
          ]
        : []),
      `${milliseconds(event.durationNano).padStart(9)} ${event.status.padStart(16)}`,
    ].join(' ');
    const stack = kernelStack ? `${event.stack.map((frame) => `\t${printable(frame)}\n`).join('')}\n` : '';
    return `${row}\n${stack}`;
  };
}

/** `%.9f`, exact; negative when the clock was stepped back after the first row. */
function seconds(ns: bigint): string {
  const digits = (ns < 0n ? -ns : ns).toString().padStart(10, '0');
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/**
 * `%.3f` of nanoseconds / 1e6. C rounds a tie to even and toFixed() upwards; a double is a tie at three decimals only
 * when it is an odd multiple of 1/16.
 */
function milliseconds(ns: number): string {
  const ms = ns / 1e6;
  const tie = (ms * 16) % 2 === 1;
  return tie && Math.floor(ms * 1000) % 2 === 0 ? (Math.floor(ms * 1000) / 1000).toFixed(3) : ms.toFixed(3);
}
