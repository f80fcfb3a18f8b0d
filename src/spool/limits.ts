// SPDX-License-Identifier: Apache-2.0

export interface SpoolLimits {
  /** The most bytes in the folder. */
  bytes: number;
  /** How long a request is kept. */
  ageMs: number;
  /** The size at which a segment is full. */
  segmentBytes: number;
  /** The most bytes of requests that stay in memory once they are safe: others are read from their segments later. */
  memoryBytes: number;
  /** When what was written is synced, at the latest. */
  syncBytes: number;
  syncMs: number;
  /** How often the cursor is noted while it moves. */
  noteMs: number;
  /** How long after a failure the folder is tried again. */
  retryMs: number;
  /** How long the end of a run waits for the disk. */
  closeMs: number;
}

const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
const MIN_SEGMENT_BYTES = 64 * 1024;

/** The limits for a folder of so many bytes. */
export function limitsFor(bytes: number, ageMs: number): SpoolLimits {
  const segmentBytes = Math.max(MIN_SEGMENT_BYTES, Math.min(MAX_SEGMENT_BYTES, bytes / 16));
  return {
    bytes,
    ageMs,
    segmentBytes,
    memoryBytes: segmentBytes,
    syncBytes: 1024 * 1024,
    syncMs: 200,
    noteMs: 2000,
    retryMs: 5000,
    closeMs: 10_000,
  };
}
