// SPDX-License-Identifier: Apache-2.0
/** Parsers of option values: each returns the value or throws a usage error that says what is expected. */
import { closeSync, constants, openSync, statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDuration } from '../durations.ts';
import { systemWords, usageError } from '../errors.ts';
import { TRIGGERS, type Trigger } from '../event/event.ts';
import { STANDARD_INPUT } from '../event/recording-file.ts';
import { pidLimitation } from '../host/limitations.ts';
import { pidNamespace } from '../host/pid-namespace.ts';
import { processExists } from '../host/process-exists.ts';
import { findUser, type UserIds } from '../host/users.ts';
import type { Address } from '../http-server.ts';
import { isRingSize } from '../live/open.ts';
import { parseAddress } from '../live-page/address.ts';
import { TRACE_URL_NAMES, traceUrlFault } from '../report/trace-url.ts';
import type { Output } from '../sinks/output.ts';
import type { Parser } from './options.ts';

/** Linux's upper bound, PID_MAX_LIMIT. */
const MAX_PID = 4_194_304;
/** Beyond, the ring is full before the limit is reached. */
const MAX_RATE = 1_000_000;
/** What is written at once is often larger. */
const MIN_FILE_BYTES = 64 * 1024;
const MAX_KEPT = 1000;
/** Timers take at most 2^31 - 1 ms. */
const MAX_SECONDS = 2_147_483;
/** Of statfs(2), for a proc file system. */
const PROC_SUPER_MAGIC = 0x9fa0;

export function parsePid(text: string, option: string): number {
  const pid = Number(text);
  if (!/^\d+$/.test(text) || pid < 1 || pid > MAX_PID) {
    throw usageError(`${option} ${text}: not a process id; expected a number from 1 to ${MAX_PID}.`);
  }
  return pid;
}

/** Rejects a process that does not exist, or cannot be told from others: the filter would never match. */
export function checkProcess(pid: number, procfs = '/proc'): void {
  if (pidNamespace(procfs) === undefined) {
    const { why, todo } = pidLimitation(procfs)!;
    throw usageError(`--pid ${pid}: ${why} ${todo}`);
  }
  if (!processExists(pid, procfs)) {
    throw usageError(`--pid ${pid}: there is no such process. ps -e lists the processes.`);
  }
}

/** @returns milliseconds */
export function parseSeconds(text: string, option: string): number {
  const seconds = Number(text.replace(/s$/, ''));
  if (!/^\d+(\.\d+)?s?$/.test(text) || seconds <= 0 || seconds > MAX_SECONDS) {
    throw usageError(`${option} ${text}: expected seconds above 0 and up to ${MAX_SECONDS}, such as 10 or 0.5.`);
  }
  return seconds * 1000;
}

/** @returns a share of 0 to 1, or `off` */
export function parseShare(text: string, option: string): number | 'off' {
  if (text === 'off') return text;
  const percent = Number(text.slice(0, -1));
  if (!/^\d+(\.\d+)?%$/.test(text) || percent > 100) {
    throw usageError(`${option} ${text}: expected off or a share from 0% to 100%, such as 1% or 0.5%.`);
  }
  return percent / 100;
}
parseShare.words = ['off'];

/** @returns nanoseconds, above 0 */
export function parseTtl(text: string, option: string): number {
  const ns = parseDuration(text, option);
  if (ns > 0) return ns;
  throw usageError(`${option} ${text}: expected a time above 0, such as 600s.`);
}

export function parseRate(text: string, option: string): number | 'off' {
  if (text === 'off') return text;
  const perSecond = Number(text);
  if (!/^\d+$/.test(text) || perSecond < 1 || perSecond > MAX_RATE) {
    throw usageError(`${option} ${text}: expected a whole number from 1 to ${MAX_RATE}, or off.`);
  }
  return perSecond;
}
parseRate.words = ['off'];

export function parseTriggers(text: string, option: string): Trigger[] {
  const wanted = text.split(',');
  for (const name of wanted) {
    if (!(TRIGGERS as readonly string[]).includes(name)) {
      throw usageError(`${option} ${text}: '${name}' is not a trigger; expected some of ${TRIGGERS.join(', ')}.`);
    }
  }
  return wanted as Trigger[];
}
parseTriggers.list = true;
parseTriggers.words = TRIGGERS;

/** @returns bytes */
export function parseRingSize(text: string, option: string): number {
  const [, number, unit] = /^(\d+)(K|M|)$/i.exec(text) ?? [];
  const bytes = Number(number) * { '': 1, K: 1024, M: 1024 * 1024 }[(unit ?? '').toUpperCase()]!;
  if (!isRingSize(bytes)) throw usageError(`${option} ${text}: expected a power of two from 4K to 1024M, such as 16M.`);
  return bytes;
}

/** @returns bytes */
export function parseFileSize(text: string, option: string): number {
  const [, number, unit] = /^(\d+)(K|M|G|)$/i.exec(text) ?? [];
  const bytes = Number(number) * { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[(unit ?? '').toUpperCase()]!;
  if (bytes >= MIN_FILE_BYTES && Number.isSafeInteger(bytes)) return bytes;
  throw usageError(`${option} ${text}: expected bytes, at least 64K, such as 100M or 2G.`);
}

const MS_PER: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_AGE_DAYS = 3650;

/** @returns milliseconds */
export function parseAge(text: string, option: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * MS_PER[unit ?? '']!;
  if (ms > 0 && ms <= MAX_AGE_DAYS * MS_PER.d!) return ms;
  throw usageError(`${option} ${text}: expected a whole number and a unit (s, m, h or d), such as 36h or 7d.`);
}

export function parseKept(text: string, option: string): number {
  const files = Number(text);
  if (/^\d+$/.test(text) && files >= 1 && files <= MAX_KEPT) return files;
  throw usageError(`${option} ${text}: expected a whole number from 1 to ${MAX_KEPT}.`);
}

export function parseChoice<T extends string>(choices: readonly T[]): Parser<T> {
  const parse = (text: string, option: string) => {
    if ((choices as readonly string[]).includes(text)) return text as T;
    throw usageError(`${option} ${text}: expected one of ${choices.join(', ')}.`);
  };
  return Object.assign(parse, { choices });
}

export function parseUser(text: string, option: string): UserIds {
  const user = findUser(text);
  if (user) return user;
  throw usageError(`${option} ${text}: no such user in /etc/passwd; expected a name from there, UID or UID:GID.`);
}

/** Checks that it is a proc file system, and that its pids can be told from others. @returns its absolute path */
export function parseProcfs(path: string, option: string): string {
  const procfs = resolve(path);
  let type: number;
  try {
    ({ type } = statfsSync(procfs));
  } catch (error) {
    throw usageError(`${option} ${path}: ${systemWords(error)}; expected where a proc file system is mounted.`);
  }
  if (type !== PROC_SUPER_MAGIC) throw usageError(`${option} ${path}: there is no proc file system.`);
  if (pidNamespace(procfs) !== undefined) return procfs;
  const { why, todo } = pidLimitation(procfs)!;
  throw usageError(`${option} ${path}: ${why} ${todo}`);
}

export function parsePath(path: string, option: string): string {
  if (path === '') throw usageError(`${option} is empty; expected the path of a file.`);
  return path;
}

export function parseUrl(text: string, option: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What it says of itself may hold a password.
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw usageError(`${option}: expected a URL such as http://127.0.0.1:16686.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw usageError(`${option}: expected a URL without a user and a password, such as http://127.0.0.1:16686.`);
  }
  return text;
}

export function parseHost(name: string, option: string): string {
  if (name === '') throw usageError(`${option} is empty; expected the name or the id of a host.`);
  return name;
}

export function parseFolder(path: string, option: string): string {
  if (path === '') throw usageError(`${option} is empty; expected the path of a folder.`);
  return path;
}

/** Checks that a file can be read, by opening it: access(2) does not count capabilities. @returns its path */
export function parseFile(path: string, option: string): string {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  } catch (error) {
    throw usageError(`${option} ${path}: cannot be read (${systemWords(error)}); expected a readable file.`);
  }
  return path;
}

export const parseFileOrInput = (path: string, option: string): string =>
  path === STANDARD_INPUT ? path : parseFile(path, option);

export function parseTraceUrl(text: string, option: string): string {
  const fault = traceUrlFault(text);
  if (fault === undefined) return text;
  const names = TRACE_URL_NAMES.map((name) => `{${name}}`).join(', ');
  throw usageError(`${option} ${text}: ${fault}; expected an address with {traceId}, and some of ${names}.`);
}

export function parseLive(text: string, option: string): Address {
  const address = parseAddress(text);
  if (address) return address;
  throw usageError(
    `${option} ${text}: expected HOST:PORT, [IPV6]:PORT or :PORT, such as 127.0.0.1:9465; a host is an address or localhost.`,
  );
}

export function parseOutput(text: string, option: string): Output {
  if (text === 'table' || text === 'json' || text === 'otlp' || text === 'sdk' || text === 'none')
    return { kind: text };
  const [, kind, path] = /^(json|folded|perfetto|otlp-json):(.+)$/s.exec(text) ?? [];
  if (path !== undefined) return { kind: kind as 'json' | 'folded' | 'perfetto' | 'otlp-json', path };
  throw usageError(
    `${option} ${text}: expected table, json, json:FILE, folded:FILE, perfetto:FILE, otlp-json:FILE, otlp, sdk or none.`,
  );
}
parseOutput.words = ['table', 'json', 'json:', 'folded:', 'perfetto:', 'otlp-json:', 'otlp', 'sdk', 'none'];
