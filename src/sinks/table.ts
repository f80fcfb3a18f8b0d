// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event.ts';

const NOTABLE_NS = 10e6;
const LONG_NS = 100e6;
const YELLOW = '\x1b[33m';
const RED = '\x1b[1;31m';
const DIM = '\x1b[2m';
const BOLD = '\x1b[1m';
const RESET = '\x1b[0m';

/** `partial_skipped` would be the widest cell of the table by far. */
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
    const row = cells(
      clockTime(event.startUnixNano),
      event.trigger,
      printable(event.comm),
      String(event.pid),
      `${event.node}/${event.zone}`,
      String(event.order),
      duration(event.durationNano),
      mark,
      SHORT_STATUS[event.status] ?? event.status,
    );
    const tint = mark === '!!' ? RED : mark === '!' ? YELLOW : undefined;
    const line = color && tint ? `${tint}${row}${RESET}\n` : `${row}\n`;
    if (!kernelStack) return line;
    const frames = event.stack.map((frame) => `    ${frame}\n`).join('');
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
    length!.padStart(9),
    mark!.padEnd(2),
    status,
  ].join(' ');
}

/** A thread may have any bytes in its name, also such as move the cursor. */
function printable(comm: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return comm.replace(/[\x00-\x1f\x7f-\x9f]/g, '?');
}

/** Local time of day of the begin. */
function clockTime(unixNano: string): string {
  return new Date(Number(unixNano) / 1e6).toTimeString().slice(0, 8);
}

/** A few digits and a unit: `25.10 us`, `113.9 ms`, `1.042 s`. */
export function duration(ns: number): string {
  if (ns < 999_950) return `${(ns / 1e3).toPrecision(4).slice(0, 5)} us`;
  if (ns < 999_950_000) return `${(ns / 1e6).toPrecision(4).slice(0, 5)} ms`;
  return `${(ns / 1e9).toFixed(3)} s`;
}
