// SPDX-License-Identifier: Apache-2.0
import { type Memory, withMemory } from '../../procfs/remote-memory.ts';

/** A process context (OTEP 4719), as found in a process. */
export interface PublishedContext {
  /** The address of its header in the process. */
  at: bigint;
  /** Changes with each publication. */
  publishedNs: bigint;
  /** A protobuf message, which may be anything. */
  payload: Buffer;
}

interface Header {
  size: number;
  /** 0 while the context is being changed. */
  publishedNs: bigint;
  payloadAt: bigint;
}

const HEADER_BYTES = 32;
const SIGNATURE = 'OTEL_CTX';
const VERSION = 2;
const MAX_BYTES = 64 * 1024;
/** The number of tries: a change takes the process microseconds. */
const TRIES = 3;

/**
 * The context that a process publishes; undefined without one.
 * @param folder /proc/PID
 * @param candidates where it may be, see context-mappings.ts
 */
export function readContext(folder: string, candidates: readonly bigint[]): PublishedContext | undefined {
  if (candidates.length === 0) return undefined;
  return withMemory(folder, (memory) => {
    for (const at of candidates) {
      for (let i = 0; i < TRIES; i++) {
        const found = readOnce(memory, at);
        if (found === 'none') break;
        if (found !== 'changing') return found;
      }
    }
    return undefined;
  });
}

/**
 * When the context at an address was published; 0 while it is being changed, `away` while its page is not in memory, undefined
 * when something else is there.
 */
export function publishedNs(folder: string, at: bigint): bigint | 'away' | undefined {
  return withMemory(folder, (memory) => {
    const bytes = memory.read(at, HEADER_BYTES);
    return bytes === undefined ? 'away' : parseHeader(bytes)?.publishedNs;
  });
}

function readOnce(memory: Memory, at: bigint): PublishedContext | 'none' | 'changing' {
  const header = readHeader(memory, at);
  if (header === undefined) return 'none';
  if (header.publishedNs === 0n) return 'changing';
  const { size, publishedNs, payloadAt } = header;
  const payload = size <= MAX_BYTES ? memory.read(payloadAt, size) : undefined;
  // The time is the same before and after, so all that was read in between belongs together.
  if (readHeader(memory, at)?.publishedNs !== publishedNs) return 'changing';
  return payload === undefined ? 'none' : { at, publishedNs, payload };
}

function readHeader(memory: Memory, at: bigint): Header | undefined {
  const bytes = memory.read(at, HEADER_BYTES);
  return bytes && parseHeader(bytes);
}

function parseHeader(bytes: Buffer): Header | undefined {
  if (bytes.toString('latin1', 0, 8) !== SIGNATURE) return undefined;
  if (bytes.readUInt32LE(8) !== VERSION) return undefined;
  return { size: bytes.readUInt32LE(12), publishedNs: bytes.readBigUInt64LE(16), payloadAt: bytes.readBigUInt64LE(24) };
}
