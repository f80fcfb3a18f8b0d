// SPDX-License-Identifier: Apache-2.0
import type { FileEntry, SpoolFile, SpoolFiles } from './files.ts';
import {
  CURSOR_BYTES,
  type Cursor,
  decodeCursor,
  encodeCursor,
  MAX_SEGMENT_NUMBER,
  type RecordHead,
  readSegment,
  recordHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentContent,
  safeBytesBefore,
  segmentHeader,
} from './format.ts';

const CURSOR = 'cursor';
const NEW_CURSOR = 'cursor.new';
const SEGMENT_NAME = /^([0-9a-f]{14})\.spool(\.bad)?$/;
/** The most segments that are set aside; the oldest makes room. */
const MAX_BAD = 8;
/** The largest file that is read as a segment: the agent makes none that is larger than a half of it. */
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** A segment in the folder. */
export interface SegmentFile {
  readonly number: number;
  /** Bytes that a reader may look at: what is safe, or all of what another run has left. */
  readableBytes: number;
  /** Its size. */
  bytes: number;
  /** Where its first request begins that is not settled. */
  from: number;
  /** The time of its last request. */
  newestMs: number;
}

export const segmentName = (number: number): string => `${number.toString(16).padStart(14, '0')}.spool`;

/** The number in a segment's name, and whether it was set aside; undefined for other files. */
export function readSegmentName(name: string): { number: number; isBad: boolean } | undefined {
  const [, digits, bad] = SEGMENT_NAME.exec(name) ?? [];
  const number = Number.parseInt(digits ?? '', 16);
  return number <= MAX_SEGMENT_NUMBER ? { number, isBad: bad !== undefined } : undefined;
}

/** How far an earlier run has settled; undefined without a cursor. */
export async function readCursor(files: SpoolFiles, entries: readonly FileEntry[]): Promise<Cursor | undefined> {
  if (!entries.some(({ name }) => name === CURSOR)) return undefined;
  return decodeCursor(await files.read(CURSOR, CURSOR_BYTES + 1));
}

/** Reads a segment from its first request that is not settled. @param name that it has now @throws the system's error */
export async function readSegmentFile(
  files: SpoolFiles,
  segment: SegmentFile,
  name = segmentName(segment.number),
): Promise<SegmentContent> {
  if (segment.bytes > MAX_SEGMENT_BYTES) {
    return { records: [], damaged: 0, unfinishedBytes: 0, unusable: `it has ${segment.bytes} bytes` };
  }
  const bytes = await files.read(name, segment.readableBytes);
  return readSegment(bytes, segment.number, segment.from, await safeBytesOf(files, segment.number));
}

/** How many bytes of a segment were safe when the next one began, as that says; 0 where it is not there, or is of another run. */
async function safeBytesOf(files: SpoolFiles, number: number): Promise<number> {
  try {
    return safeBytesBefore(await files.read(segmentName(number + 1), SEGMENT_HEADER_BYTES), number + 1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/**
 * The segments in the folder, and the cursor. One call at a time. After each step that has to survive a crash the file or the
 * folder is synced, in an order that leaves nothing between two steps that a reader could take for something else.
 */
export class SegmentStore {
  readonly #files: SpoolFiles;
  readonly #newSalt: () => number;
  #next = 1;
  /** The segment before the active one, if it is of this run. */
  #before: SegmentFile | undefined;
  #active: { segment: SegmentFile; file: SpoolFile; salt: number } | undefined;
  #noted: Cursor | undefined;
  #hasNewCursor = false;
  #bad: { name: string; bytes: number }[] = [];

  /** @param newSalt makes a random number of 32 bits */
  constructor(files: SpoolFiles, newSalt: () => number) {
    this.#files = files;
    this.#newSalt = newSalt;
  }

  /** The segments that earlier runs have left, oldest first. Removes those that are settled. @throws the system's error */
  async open(): Promise<SegmentFile[]> {
    const entries = await this.#files.list();
    const cursor = await readCursor(this.#files, entries);
    const found: SegmentFile[] = [];
    // The cursor's segment may have been removed when it was settled in part: its number is not used again, as the cursor would not fit.
    let last = cursor ? cursor.segment - (cursor.offset > 0 ? 0 : 1) : 0;
    const settled = entries.some(({ name }) => name === NEW_CURSOR) ? [NEW_CURSOR] : [];
    for (const { name, size, changedMs } of entries) {
      const { number, isBad } = readSegmentName(name) ?? {};
      if (number === undefined) continue;
      last = Math.max(last, number);
      if (isBad) this.#bad.push({ name, bytes: size });
      else if (number < (cursor?.segment ?? 0)) settled.push(name);
      else {
        const from = number === cursor?.segment ? Math.max(cursor.offset, SEGMENT_HEADER_BYTES) : SEGMENT_HEADER_BYTES;
        found.push({ number, bytes: size, readableBytes: size, from, newestMs: changedMs });
      }
    }
    this.#bad.sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#next = last + 1;
    this.#noted = cursor;
    await this.#unlink(settled);
    return found.sort((a, b) => a.number - b.number);
  }

  /** The segment to which requests are appended. */
  get active(): SegmentFile | undefined {
    return this.#active?.segment;
  }

  /** The bytes of segments that were set aside. */
  get badBytes(): number {
    return this.#bad.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Begins a segment. @throws the system's error */
  async begin(nowMs: number): Promise<SegmentFile> {
    const number = this.#next++;
    const salt = this.#newSalt();
    const file = await this.#files.create(segmentName(number));
    try {
      await file.append([segmentHeader(number, salt, this.#safeBefore(number))]);
      await this.#files.syncFolder();
    } catch (error) {
      await file.close().catch(() => {});
      // Where that fails as well, the next run removes it: it holds no request.
      await this.#files.unlink(segmentName(number)).catch(() => {});
      throw error;
    }
    const bytes = SEGMENT_HEADER_BYTES;
    const segment: SegmentFile = { number, bytes, readableBytes: bytes, from: bytes, newestMs: nowMs };
    this.#active = { segment, file, salt };
    return segment;
  }

  /** How many bytes of the segment before are safe; 0 where nothing in it was synced, or it is not of this run. */
  #safeBefore(number: number): number {
    const { number: before, readableBytes } = this.#before ?? { number: 0, readableBytes: 0 };
    return before === number - 1 && readableBytes > SEGMENT_HEADER_BYTES ? readableBytes : 0;
  }

  /** Appends a request to the active segment. @returns where it ends @throws the system's error */
  async append(payload: Uint8Array, head: RecordHead): Promise<number> {
    const { segment, file, salt } = this.#active!;
    const header = recordHeader(payload, head, salt);
    await file.append([header, payload]);
    segment.bytes += header.length + payload.length;
    segment.newestMs = head.unixMs;
    return segment.bytes;
  }

  /** From here on what was appended survives a crash. @throws the system's error */
  async sync(): Promise<void> {
    const { segment, file } = this.#active!;
    const { bytes } = segment;
    await file.dataSync();
    segment.readableBytes = bytes;
  }

  /** Ends the active segment. What was not synced may be lost. */
  async seal(): Promise<void> {
    const { file, segment } = this.#active!;
    this.#active = undefined;
    this.#before = segment;
    await file.close().catch(() => {});
  }

  /** Notes that all before is settled; the number of the next segment where the cursor is behind all. @throws the system's error */
  async note(first: Cursor | undefined): Promise<void> {
    const cursor = first ?? { segment: this.#next, offset: 0 };
    if (cursor.segment === this.#noted?.segment && cursor.offset === this.#noted.offset) return;
    // Left by a try that failed.
    if (this.#hasNewCursor) await this.#files.unlink(NEW_CURSOR).catch(() => {});
    const file = await this.#files.create(NEW_CURSOR);
    this.#hasNewCursor = true;
    try {
      await file.append([encodeCursor(cursor)]);
      await file.dataSync();
    } finally {
      await file.close().catch(() => {});
    }
    await this.#files.rename(NEW_CURSOR, CURSOR);
    this.#hasNewCursor = false;
    await this.#files.syncFolder();
    this.#noted = cursor;
  }

  /** Removes segments that are settled and noted. @throws the system's error */
  async remove(segments: readonly SegmentFile[]): Promise<void> {
    await this.#unlink(segments.map(({ number }) => segmentName(number)));
  }

  /** Keeps a damaged segment under another name, for people. @throws the system's error */
  async setAside({ number, bytes }: SegmentFile): Promise<void> {
    const name = `${segmentName(number)}.bad`;
    await this.#files.rename(segmentName(number), name);
    await this.#files.syncFolder();
    this.#bad.push({ name, bytes });
    await this.#unlink(this.#bad.splice(0, this.#bad.length - MAX_BAD).map((bad) => bad.name));
  }

  /** Removes the oldest segment that was set aside. @returns whether there was one @throws the system's error */
  async removeBad(): Promise<boolean> {
    const oldest = this.#bad.shift();
    if (oldest === undefined) return false;
    await this.#unlink([oldest.name]);
    return true;
  }

  read(segment: SegmentFile): Promise<SegmentContent> {
    return readSegmentFile(this.#files, segment);
  }

  async #unlink(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    for (const name of names) {
      await this.#files.unlink(name).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await this.#files.syncFolder();
  }
}
