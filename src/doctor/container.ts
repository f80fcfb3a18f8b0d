// SPDX-License-Identifier: Apache-2.0
import { type ContainerPlaces, containerMark } from '../host/container.ts';
import { pidLimitation } from '../host/limitations.ts';
import { type Finding, ok, warn } from './check.ts';

/** Container or host, and whose pids are seen. */
export function container(procfs = '/proc', places: ContainerPlaces = {}): Finding {
  const limitation = pidLimitation(procfs, places);
  if (limitation !== undefined) return warn(limitation.why, limitation.todo);
  const mark = containerMark(places);
  return ok(mark === undefined ? 'a host: no sign of a container.' : `a container (${mark}) with the host's PIDs.`);
}
