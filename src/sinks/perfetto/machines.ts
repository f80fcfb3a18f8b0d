// SPDX-License-Identifier: Apache-2.0
import type { EventHost } from '../../event/event.ts';
import { uuidOf } from './uuid.ts';

/** A host, as Perfetto tells hosts apart: processes and threads with one number on two machines are different. */
export interface Machine {
  /** `machine_id`; 0 is the first host, for which nothing is written. */
  id: number;
  /** The prefix of its keys. */
  key: string;
  /** The suffix of its rows' names. */
  suffix: string;
}

const FIRST: Machine = { id: 0, key: '', suffix: '' };

/** @returns a function that gives the machine of a host. The host of its first call is the first. */
export function machines(): (host: EventHost | undefined) => Machine {
  let first: string | undefined;
  return (host) => {
    const key = `${host?.name ?? ''}\0${host?.id ?? ''}\0`;
    first ??= key;
    if (key === first) return FIRST;
    return { id: uuidOf(key) >>> 0 || 1, key, suffix: ` (${host?.name ?? host?.id ?? 'unknown host'})` };
  };
}
