// SPDX-License-Identifier: Apache-2.0

/** The polynomial of Castagnoli, reflected (RFC 3720, 12.1). The CRC-32 of Node.js is another one. */
const POLYNOMIAL = 0x82f6_3b78;
/** Sixteen bytes a step, as four words, take less than half the time of eight single ones, measured: 0.7 ms a MiB. */
const STEP = 16;
/** STEP tables of 256 values, one after the other. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(STEP * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const crc = tables[i - 256]!;
    tables[i] = (crc >>> 8) ^ tables[crc & 0xff]!;
  }
  return tables;
}

/**
 * CRC32C of some bytes.
 *
 * @param crc of the bytes before them: that of two parts is `crc32c(second, crc32c(first))`
 * @returns 32 bits without a sign
 */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  // A word begins at a multiple of four in its buffer.
  const lead = -bytes.byteOffset & 3;
  const steps = Math.floor((bytes.length - lead) / STEP);
  if (steps <= 0) return ~bytewise(bytes, 0, bytes.length, ~crc) >>> 0;
  const state = bytewise(bytes, 0, lead, ~crc);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + lead, steps * 4);
  return ~bytewise(bytes, lead + steps * STEP, bytes.length, wordwise(words, state)) >>> 0;
}

function bytewise(bytes: Uint8Array, from: number, to: number, begun: number): number {
  let state = begun;
  for (let at = from; at < to; at++) state = (state >>> 8) ^ TABLES[(state ^ bytes[at]!) & 0xff]!;
  return state;
}

/** @param words little-endian, as on every host of the agent; a multiple of four */
function wordwise(words: Int32Array, begun: number): number {
  let state = begun;
  for (let at = 0; at < words.length; at += 4) {
    state =
      ahead(12, state ^ words[at]!) ^ ahead(8, words[at + 1]!) ^ ahead(4, words[at + 2]!) ^ ahead(0, words[at + 3]!);
  }
  return state;
}

/** What a word adds to the CRC, with so many bytes behind it in its step. */
function ahead(bytes: number, word: number): number {
  const table = bytes * 256;
  return (
    TABLES[table + 768 + (word & 0xff)]! ^
    TABLES[table + 512 + ((word >>> 8) & 0xff)]! ^
    TABLES[table + 256 + ((word >>> 16) & 0xff)]! ^
    TABLES[table + (word >>> 24)]!
  );
}
