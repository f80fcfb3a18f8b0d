// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemWords } from '../errors.ts';
import { DiskFiles } from './disk-files.ts';
import { spoolUnusable } from './folder.ts';
import type { SegmentContent, StoredRecord } from './format.ts';
import { readCursor, readSegmentFile, readSegmentName, type SegmentFile } from './segment-store.ts';

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

/** A segment, and its requests that are not settled. */
export interface InspectedSegment {
  report: SegmentReport;
  records: readonly StoredRecord[];
}

/** All segments of a spool, oldest first, without their requests. @throws UserError */
export async function inspectSpool(path: string): Promise<SegmentReport[]> {
  const reports: SegmentReport[] = [];
  for await (const { report } of segmentsIn(path)) reports.push(report);
  return reports;
}

/**
 * Reads the segments of a spool, oldest first, one at a time, and changes nothing. An agent may use it meanwhile: what it removes is left out.
 *
 * @throws UserError
 */
export async function* segmentsIn(path: string): AsyncGenerator<InspectedSegment> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY).catch((error: unknown) => {
    throw spoolUnusable(path, systemWords(error));
  });
  try {
    const files = new DiskFiles(folder);
    for (const { name, isBad, segment } of await list(files, path)) {
      const content = await readIfThere(files, segment, name, path);
      if (content !== undefined) yield { report: reportOf(name, segment, isBad, content), records: content.records };
    }
  } finally {
    await folder.close();
  }
}

interface Listed {
  name: string;
  isBad: boolean;
  segment: SegmentFile;
}

async function list(files: DiskFiles, path: string): Promise<Listed[]> {
  try {
    const entries = (await files.list()).sort((a, b) => (a.name < b.name ? -1 : 1));
    const cursor = await readCursor(files, entries);
    return entries.flatMap(({ name, size, changedMs }) => {
      const { number, isBad } = readSegmentName(name) ?? {};
      if (number === undefined || isBad === undefined) return [];
      if (!isBad && number < (cursor?.segment ?? 0)) return [];
      const from = !isBad && number === cursor?.segment ? cursor.offset : 0;
      return [{ name, isBad, segment: { number, bytes: size, readableBytes: size, from, newestMs: changedMs } }];
    });
  } catch (error) {
    throw spoolUnusable(path, systemWords(error));
  }
}

/** @returns undefined where the agent has removed it */
async function readIfThere(
  files: DiskFiles,
  segment: SegmentFile,
  name: string,
  path: string,
): Promise<SegmentContent | undefined> {
  try {
    return await readSegmentFile(files, segment, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw spoolUnusable(path, systemWords(error));
  }
}

function reportOf(file: string, { bytes }: SegmentFile, isBad: boolean, content: SegmentContent): SegmentReport {
  const { records, damaged, unfinishedBytes, unusable } = content;
  const damage = unusable ?? (damaged > 0 ? `${damaged} requests cannot be read` : undefined);
  return {
    file,
    bytes,
    isBad,
    requests: records.length,
    spans: records.reduce((sum, { spans }) => sum + spans, 0),
    ...(records.length > 0 && { oldestMs: records[0]!.unixMs, newestMs: records.at(-1)!.unixMs }),
    unfinishedBytes,
    ...(damage !== undefined && { damage }),
  };
}
