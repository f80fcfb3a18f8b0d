// SPDX-License-Identifier: Apache-2.0
import { secondsOf } from '../report/shown.ts';
import { duration } from '../sinks/text/table.ts';

export { duration, secondsOf };

const WHOLE = new Intl.NumberFormat('en');

/** 12,345 */
export const count = (n: number): string => WHOLE.format(n);

/** With its noun: `1 compaction`, `2 compactions`. */
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

/** 4.2 %; what is above nothing is never 0. */
export function share(part: number, whole: number): string {
  const percent = whole > 0 ? (part / whole) * 100 : 0;
  return percent > 0 && percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

const DAY = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium' });

/** In the time zone of the browser: `2026-11-29 21:07:42.123`. */
export function clock(seconds: number, digits = 3): string {
  const fraction = (seconds - Math.floor(seconds)).toFixed(6).slice(1, digits > 0 ? digits + 2 : 1);
  return `${DAY.format(new Date(Math.floor(seconds) * 1000))}${fraction}`;
}

/** Whether both times have one date. */
export const isOneDay = (from: number, to: number): boolean => clock(from).slice(0, 10) === clock(to).slice(0, 10);

/** A part of time in words: with the date once, if it has only one. */
export const span = (from: number, to: number): string =>
  `${clock(from)} – ${isOneDay(from, to) ? clock(to).slice(11) : clock(to)}`;

export const timeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A number of small size: 0.40, 12.3, 4,567. */
export const small = (n: number): string =>
  n >= 1000
    ? count(Math.round(n))
    : n >= 10 || n === 0
      ? n.toFixed(n % 1 === 0 ? 0 : 1)
      : n.toFixed(n % 1 === 0 ? 0 : 2);
