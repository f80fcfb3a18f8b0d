// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../../event/event.ts';
import { printable } from '../../terminal.ts';

const NOTABLE_NS = 10e6;
const LONG_NS = 100e6;
const YELLOW = '\x1b[33m';
const RED = '\x1b[1;31m';
const DIM = '\x1b[2m';
const BOLD = '\x1b[1m';
const RESET = '\x1b[0m';

/** Short forms: `partial_skipped` would be the widest cell of the table by far. */
const SHORT_STATUS: Readonly<Record<string, string>> = { partial_skipped: 'partial' };

export interface TableStyle {
  color: boolean;
  /** -K: the kernel stack under each row. */
  kernelStack: boolean;
}

/** The table of `compactstall`: 80 columns; stalls of 10 ms and more are marked `!`, of 100 ms and more `!!`. */
export function tableHeader({ color }: TableStyle): string {
  const text = cells('TIME', 'TRIGGER', 'COMM', 'PID', 'NODE/ZONE', 'ORDER', 'DURATION', '', 'STATUS');
  return color ? `${BOLD}${text}${RESET}\n` : `${text}\n`;
}

export function tableRows({ color, kernelStack }: TableStyle): (event: CompactionEvent) => string {
  return (event) => {
    const mark = event.durationNano >= LONG_NS ? '!!' : event.durationNano >= NOTABLE_NS ? '!' : '';
    const text = cells(
      clockTime(event.startUnixNano),
      event.trigger,
      event.comm,
      String(event.pid),
      `${event.node}/${event.zone}`,
      String(event.order),
      duration(event.durationNano),
      mark,
      SHORT_STATUS[event.status] ?? event.status,
    );
    const row = printable(text);
    const tint = mark === '!!' ? RED : mark === '!' ? YELLOW : undefined;
    const line = color && tint ? `${tint}${row}${RESET}\n` : `${row}\n`;
    if (!kernelStack) return line;
    const stack = event.stackOmitted ? [`no stack: ${event.stackOmitted}`] : event.stack;
    const frames = stack.map((frame) => `    ${printable(frame)}\n`).join('');
    return line + (color ? `${DIM}${frames}${RESET}` : frames);
  };
}

function cells(...[time, trigger, comm, pid, zone, order, length, mark, status]: string[]): string {
  return [
    time!.padEnd(8),
    trigger!.padEnd(9),
    comm!.padEnd(15),
    pid!.padStart(7),
    zone!.padEnd(9),
    order!.padStart(5),
    length!.padStart(8),
    mark!.padEnd(2),
    status,
  ].join(' ');
}

/** The local time of day when the compaction began. */
function clockTime(unixNano: string): string {
  return new Date(Number(BigInt(unixNano) / 1_000_000n)).toTimeString().slice(0, 8);
}

/** Four digits and a unit, at most eight characters: `25.10 us`, `114.0 ms`, `1.042 s`, `86400 s`. */
export function duration(ns: number): string {
  if (ns < 999_950) return `${fourDigits(ns / 1e3)} us`;
  if (ns < 999_950_000) return `${fourDigits(ns / 1e6)} ms`;
  return `${fourDigits(ns / 1e9)} s`;
}

/** Chooses the decimals after rounding: 9.9996 is 10.00, not 10.000. */
function fourDigits(value: number): string {
  for (const [decimals, limit] of [
    [3, 10],
    [2, 100],
    [1, 1000],
  ] as const) {
    const text = value.toFixed(decimals);
    if (Number(text) < limit) return text;
  }
  return value.toFixed(0);
}
