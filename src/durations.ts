// SPDX-License-Identifier: Apache-2.0
import { usageError } from './errors.ts';

const NS_PER: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** Reads a number with its unit, such as `10ms`. @param option its name, for the usage error @returns nanoseconds */
export function parseDuration(text: string, option: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ns|us|ms|s)$/.exec(text) ?? [];
  const ns = Number(number) * NS_PER[unit ?? '']!;
  if (!Number.isSafeInteger(Math.round(ns))) {
    throw usageError(`${option} ${text}: expected a number and a unit (ns, us, ms or s), such as 500us or 10ms.`);
  }
  return Math.round(ns);
}
