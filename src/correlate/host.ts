// SPDX-License-Identifier: Apache-2.0
import type { EventHost } from '../event/event.ts';
import { thisHost } from '../event/this-host.ts';
import type { ApplicationSpan } from './application-span.ts';

/** What resources call a host: `host.name`, `host.id`. */
export interface Host {
  names: readonly string[];
}

/** @returns undefined where an event does not say its host, as in recordings of others */
export function hostOf({ name, id }: EventHost = {}): Host | undefined {
  const names = [name, id].filter((one) => one !== undefined);
  return names.length > 0 ? { names } : undefined;
}

export const ownHost = (): Host => hostOf(thisHost(process.env)) ?? { names: [] };

/** Whether a span is of a host. A tracer that names no host does not say that it is another. */
export function isOfHost({ hostId, hostName }: ApplicationSpan, { names }: Host): boolean {
  const said = [hostId, hostName].filter((name) => name !== undefined);
  return said.length === 0 || said.some((name) => names.includes(name));
}
