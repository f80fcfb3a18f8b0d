// SPDX-License-Identifier: Apache-2.0
import { type Mapping, mappingAt } from '../../procfs/maps.ts';

/** A process may make as many mappings of that name as it likes. */
const MAX_CONTEXTS = 4;
const CONTEXT = /^(?:\/memfd:OTEL_CTX|\[anon:OTEL_CTX\]|\[anon_shmem:OTEL_CTX\])/;

/**
 * Devices of memory that the kernel itself provides: without a file, and of its own tmpfs (memfd, shared anonymous). Any
 * other page may be one of a file system in user space, and whoever reads it waits for as long as that likes.
 */
const MEMORY = new Set(['00:00', '00:01']);

/** Where a process context may begin, by the name of its mapping (OTEP 4719). */
export function contextsIn(mappings: readonly Mapping[]): bigint[] {
  return mappings
    .filter(({ path, permissions, device }) => CONTEXT.test(path) && permissions.startsWith('r') && MEMORY.has(device))
    .slice(0, MAX_CONTEXTS)
    .map(({ start }) => start);
}

/** Whether reading so many bytes there cannot take long: all of them are in one mapping of memory. */
export function isMemory(mappings: readonly Mapping[], address: bigint, size: number): boolean {
  const mapping = mappingAt(mappings, address);
  return mapping !== undefined && address + BigInt(size) <= mapping.end && MEMORY.has(mapping.device);
}
