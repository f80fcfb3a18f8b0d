// SPDX-License-Identifier: Apache-2.0
import { type Mapping, readMaps } from '../../procfs/maps.ts';
import { attempt } from '../../procfs/proc-file.ts';

/** The most candidates: a process may make as many mappings of that name as it likes. */
const MAX_CONTEXTS = 4;
const CONTEXT = /^(?:\/memfd:OTEL_CTX|\[anon:OTEL_CTX\]|\[anon_shmem:OTEL_CTX\])/;

/** The addresses at which the process context of a process may begin. @param folder /proc/PID */
export function findContexts(folder: string): bigint[] {
  return contextsIn(attempt(() => readMaps(folder)) ?? []);
}

/** The same in a list of mappings, by their names (OTEP 4719). */
export function contextsIn(mappings: readonly Mapping[]): bigint[] {
  return mappings
    .filter(({ path, permissions }) => CONTEXT.test(path) && permissions.startsWith('r'))
    .slice(0, MAX_CONTEXTS)
    .map(({ start }) => start);
}
