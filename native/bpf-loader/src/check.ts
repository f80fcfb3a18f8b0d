// SPDX-License-Identifier: Apache-2.0
// Checks every argument, with a message in words, before native code runs. The addon checks what only BTF or the object
// can tell: names, and the range of a variable.
import { types } from 'node:util';
import { BpfError } from './error.ts';

function invalid(what: string, expected: string, value: unknown): BpfError {
  return new BpfError(`${what} must be ${expected}, but is ${shown(value)}.`, { code: 'INVALID_ARGUMENT' });
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `a string of ${value.length} characters` : `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

export function record(what: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw invalid(what, 'an object', value);
  }
  return value as Record<string, unknown>;
}

export function onlyKeys(what: string, value: Record<string, unknown>, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new BpfError(`${what} has an unknown property '${key}'. It takes: ${known.join(', ')}.`, {
      code: 'INVALID_ARGUMENT',
    });
  }
}

export function bytes(what: string, value: unknown): Uint8Array {
  if (!types.isUint8Array(value)) throw invalid(what, 'a Uint8Array with the bytes of a BPF object', value);
  if (value.byteLength === 0) throw invalid(what, 'a Uint8Array with the bytes of a BPF object', 'empty');
  return value;
}

export function someBytes(what: string, value: unknown): Uint8Array {
  if (!types.isUint8Array(value)) throw invalid(what, 'a Uint8Array', value);
  return value;
}

/** Checks a name or a path: C strings, so no NUL. */
export function text(what: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw invalid(what, 'a string that is not empty and has no NUL', value);
  }
  return value;
}

/** Checks a user or group id: not 0, which gives up nothing, and not the last, which means none. */
export function userId(what: string, value: unknown): number {
  const isOne = Number.isInteger(value) && (value as number) > 0 && (value as number) < 0xffffffff;
  if (!isOne) throw invalid(what, 'a whole number from 1 to 4294967294', value);
  return value as number;
}

export function flag(what: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(what, 'true or false', value);
  return value;
}

export function names(what: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw invalid(what, 'an array of names', value);
  return Array.from(value, (name, index) => text(`${what}[${index}]`, name));
}

/** Converts to a bigint that fits in 64 bits, signed or unsigned. */
export function integer(what: string, value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'bigint' && value >= -(2n ** 63n) && value < 2n ** 64n) return value;
  throw invalid(what, 'a whole number of at most 64 bits (a bigint beyond 2^53)', value);
}

export function integers(what: string, value: unknown): [string, bigint][] {
  return Object.entries(record(what, value)).map(([name, one]) => [
    text(`a name in ${what}`, name),
    typeof one === 'boolean' ? BigInt(one) : integer(`${what}.${name}`, one),
  ]);
}

export function sizes(what: string, value: unknown): [string, number][] {
  return Object.entries(record(what, value)).map(([name, size]) => [
    text(`a name in ${what}`, name),
    count(`${what}.${name}`, size, 2 ** 32 - 1),
  ]);
}

export function texts(what: string, value: unknown): [string, string][] {
  return Object.entries(record(what, value)).map(([name, one]) => [
    text(`a name in ${what}`, name),
    text(`${what}.${name}`, one),
  ]);
}

export function count(what: string, value: unknown, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(what, `a whole number of 1 to ${most}`, value);
}

export function callback(what: string, value: unknown): () => void {
  if (typeof value !== 'function') throw invalid(what, 'a function', value);
  return value as () => void;
}
