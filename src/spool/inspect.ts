// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemWords } from '../errors.ts';
import { DiskFiles } from './disk-files.ts';
import { spoolUnusable } from './folder.ts';
import { readCursor, readSegmentFile, readSegmentName } from './segment-store.ts';

/** What one file of a spool holds. */
export interface SegmentReport {
  file: string;
  bytes: number;
  /** Set aside because it was damaged. */
  isBad: boolean;
  /** Requests that are not settled, and their spans. */
  requests: number;
  spans: number;
  /** When the first and the last of them were made, in milliseconds since 1970; absent without any. */
  oldestMs?: number;
  newestMs?: number;
  /** Bytes at the end of which nothing is known: they were being written. */
  unfinishedBytes: number;
  /** What is wrong; absent when nothing is. */
  damage?: string;
}

/** Reads all segments of a spool, oldest first, and changes nothing. An agent may use it meanwhile. @throws UserError */
export async function inspectSpool(path: string): Promise<SegmentReport[]> {
  try {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return await inspect(new DiskFiles(folder));
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw spoolUnusable(path, systemWords(error));
  }
}

async function inspect(files: DiskFiles): Promise<SegmentReport[]> {
  const entries = (await files.list()).sort((a, b) => (a.name < b.name ? -1 : 1));
  const cursor = await readCursor(files, entries);
  const reports: SegmentReport[] = [];
  for (const { name, size, changedMs } of entries) {
    const { number, isBad } = readSegmentName(name) ?? {};
    if (number === undefined || isBad === undefined) continue;
    if (!isBad && number < (cursor?.segment ?? 0)) continue;
    const from = !isBad && number === cursor?.segment ? cursor.offset : 0;
    const segment = { number, bytes: size, readableBytes: size, from, newestMs: changedMs };
    const { records, damaged, unfinishedBytes, unusable } = await readSegmentFile(files, segment, name);
    const damage = unusable ?? (damaged > 0 ? `${damaged} requests cannot be read` : undefined);
    reports.push({
      file: name,
      bytes: size,
      isBad,
      requests: records.length,
      spans: records.reduce((sum, { spans }) => sum + spans, 0),
      ...(records.length > 0 && { oldestMs: records[0]!.unixMs, newestMs: records.at(-1)!.unixMs }),
      unfinishedBytes,
      ...(damage !== undefined && { damage }),
    });
  }
  return reports;
}
