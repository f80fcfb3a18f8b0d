// SPDX-License-Identifier: Apache-2.0
import { crc32c } from './crc32c.ts';

// The form of the spool's files. Numbers are little-endian. A CRC covers all that follows it in its header, and the payload.
//
//   segment   magic 8 | crc32c u32 | version u32 | number u64 | salt u32 | safe u32        then records
//   record    mark u32 | crc32c u32, begun with the salt | length u32 | spans u32 | unix ms u64 | payload
//   cursor    magic 8 | crc32c u32 | version u32 | number u64 | offset u64
//
// `safe` is of the segment with the number before: so many of its bytes were safe when this one began. 0 where that is not known.
// The salt differs between segments: what is left of another file on a disk, or is inside a payload, never passes for a record.

const SEGMENT_MAGIC = Buffer.from('CSTLSPL\n');
const CURSOR_MAGIC = Buffer.from('CSTLCUR\n');
export const VERSION = 1;
const MARK = Buffer.from([0xc5, 0x57, 0x1e, 0x5d]);

export const SEGMENT_HEADER_BYTES = 32;
export const RECORD_HEADER_BYTES = 24;
export const CURSOR_BYTES = 32;
/** The largest request that the agent makes has 4 MiB. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** No agent comes that far; a file with a larger number is not one of a spool. */
export const MAX_SEGMENT_NUMBER = 2 ** 48;

const AFTER_MAGIC = 12;
const AFTER_MARK = 8;

export interface RecordHead {
  /** The spans of the request. */
  spans: number;
  /** When it was made, in milliseconds since 1970. */
  unixMs: number;
}

export interface StoredRecord extends RecordHead {
  payload: Uint8Array;
  /** Where it ends in its segment. */
  end: number;
}

/** A place in the spool: all before it is settled. */
export interface Cursor {
  segment: number;
  /** In bytes from the segment's start. */
  offset: number;
}

/** What a segment's bytes hold. */
export interface SegmentContent {
  records: StoredRecord[];
  /** Places with bytes that are not a record, before one that is, or where all was safe. */
  damaged: number;
  /** Bytes after the last record that are none, and were not safe: it was being written when the agent or the host ended, or the disk failed. */
  unfinishedBytes: number;
  /** Why nothing in it can be used. */
  unusable?: string;
}

/** @param safeBefore how many bytes of the segment with the number before are safe */
export function segmentHeader(number: number, salt: number, safeBefore = 0): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  SEGMENT_MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 12);
  header.writeBigUInt64LE(BigInt(number), 16);
  header.writeUInt32LE(salt, 24);
  header.writeUInt32LE(safeBefore, 28);
  header.writeUInt32LE(crc32c(header.subarray(AFTER_MAGIC)), 8);
  return header;
}

/** What a segment's header says of the one with the number before: how many of its bytes are safe; 0 where it says nothing. */
export function safeBytesBefore(header: Buffer, number: number): number {
  if (header.length !== SEGMENT_HEADER_BYTES || !isHeader(header, SEGMENT_MAGIC)) return 0;
  const isIt = header.readUInt32LE(12) === VERSION && header.readBigUInt64LE(16) === BigInt(number);
  return isIt ? header.readUInt32LE(28) : 0;
}

/** What goes before the payload. @param salt of the segment */
export function recordHeader(payload: Uint8Array, { spans, unixMs }: RecordHead, salt: number): Buffer {
  const header = Buffer.alloc(RECORD_HEADER_BYTES);
  MARK.copy(header);
  header.writeUInt32LE(payload.length, 8);
  header.writeUInt32LE(spans, 12);
  header.writeBigUInt64LE(BigInt(unixMs), 16);
  header.writeUInt32LE(crc32c(payload, crc32c(header.subarray(AFTER_MARK), salt)), 4);
  return header;
}

export function encodeCursor({ segment, offset }: Cursor): Buffer {
  const bytes = Buffer.alloc(CURSOR_BYTES);
  CURSOR_MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 12);
  bytes.writeBigUInt64LE(BigInt(segment), 16);
  bytes.writeBigUInt64LE(BigInt(offset), 24);
  bytes.writeUInt32LE(crc32c(bytes.subarray(AFTER_MAGIC)), 8);
  return bytes;
}

/** @returns undefined where the bytes are not a cursor of this version */
export function decodeCursor(bytes: Buffer): Cursor | undefined {
  if (bytes.length !== CURSOR_BYTES || !isHeader(bytes, CURSOR_MAGIC) || bytes.readUInt32LE(12) !== VERSION) return;
  const [segment, offset] = [bytes.readBigUInt64LE(16), bytes.readBigUInt64LE(24)].map(Number) as [number, number];
  return segment <= MAX_SEGMENT_NUMBER && Number.isSafeInteger(offset) ? { segment, offset } : undefined;
}

/**
 * Reads a segment, whatever is in it: what is damaged is left out, and the next record is looked for.
 *
 * @param number that its name says
 * @param from where to begin, in bytes from its start
 * @param safeBytes so many were safe: what is wrong with them is damage
 */
export function readSegment(bytes: Buffer, number: number, from = SEGMENT_HEADER_BYTES, safeBytes = 0): SegmentContent {
  const content: SegmentContent = { records: [], damaged: 0, unfinishedBytes: 0 };
  const header = bytes.subarray(0, SEGMENT_HEADER_BYTES);
  const isEmpty = header.length < SEGMENT_HEADER_BYTES || header.every((byte) => byte === 0);
  if (isEmpty && safeBytes === 0) {
    return { ...content, unfinishedBytes: bytes.length };
  }
  if (isEmpty || !isHeader(header, SEGMENT_MAGIC))
    return { ...content, unusable: 'it does not begin as a segment does' };
  const version = header.readUInt32LE(12);
  if (version !== VERSION) return { ...content, unusable: `it has the form ${version}, not ${VERSION}` };
  if (header.readBigUInt64LE(16) !== BigInt(number)) return { ...content, unusable: 'it has the name of another one' };
  const salt = header.readUInt32LE(24);
  const search: Search = { bytes, salt, budget: SEARCH_FACTOR * bytes.length };
  let at = Math.max(from, SEGMENT_HEADER_BYTES);
  while (at < bytes.length) {
    const record = recordAt(search, at);
    if (record !== undefined) {
      content.records.push(record);
      at = record.end;
      continue;
    }
    const next = nextRecord(search, at + 1);
    if (search.budget <= 0) return { ...content, damaged: content.damaged + 1 };
    if (next === undefined) break;
    content.damaged += 1;
    at = next;
  }
  if (at < safeBytes) content.damaged += 1;
  content.unfinishedBytes = Math.max(0, bytes.length - Math.max(at, safeBytes));
  return content;
}

/** How often the bytes of a segment are read while records are looked for: a payload may be full of what looks like headers. */
const SEARCH_FACTOR = 8;

interface Search {
  bytes: Buffer;
  salt: number;
  /** How many bytes may still be read in the search for the next record. */
  budget: number;
}

function recordAt(search: Search, at: number): StoredRecord | undefined {
  const { bytes, salt } = search;
  const start = at + RECORD_HEADER_BYTES;
  if (start > bytes.length || !bytes.subarray(at, at + MARK.length).equals(MARK)) return undefined;
  const length = bytes.readUInt32LE(at + 8);
  const end = start + length;
  if (length > MAX_PAYLOAD_BYTES || end > bytes.length) return undefined;
  if (crc32c(bytes.subarray(at + AFTER_MARK, end), salt) !== bytes.readUInt32LE(at + 4)) {
    search.budget -= length;
    return undefined;
  }
  const unixMs = Number(bytes.readBigUInt64LE(at + 16));
  return { payload: bytes.subarray(start, end), spans: bytes.readUInt32LE(at + 12), unixMs, end };
}

function nextRecord(search: Search, from: number): number | undefined {
  const { bytes } = search;
  for (let at = bytes.indexOf(MARK, from); at >= 0 && search.budget > 0; at = bytes.indexOf(MARK, at + 1)) {
    if (recordAt(search, at) !== undefined) return at;
  }
  return undefined;
}

const isHeader = (bytes: Buffer, magic: Buffer): boolean =>
  bytes.subarray(0, magic.length).equals(magic) && crc32c(bytes.subarray(AFTER_MAGIC)) === bytes.readUInt32LE(8);
