// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ApplicationSpan } from './application-span.ts';

/** What resources call a host: `host.id`, `host.name`. */
export interface Host {
  names: readonly string[];
}

const MACHINE_ID = '/etc/machine-id';

export function thisHost(): Host {
  try {
    return { names: [readFileSync(MACHINE_ID, 'utf8').trim(), hostname()].filter((name) => name !== '') };
  } catch {
    return { names: [hostname()] };
  }
}

/** Whether a span is of a host. A tracer that names no host does not say that it is another. */
export function isOfHost({ hostId, hostName }: ApplicationSpan, { names }: Host): boolean {
  const said = [hostId, hostName].filter((name) => name !== undefined);
  return said.length === 0 || said.some((name) => names.includes(name));
}
