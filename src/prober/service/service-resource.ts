// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue, ResourceAttributes } from '../../protobuf/attribute.ts';
import { unknownService } from '../protocol.ts';

const SERVICE_NAME = 'service.name';
const CONTAINER_ID = 'container.id';

/** The bounds of a resource, some 8 KiB. It is kept for each process and sent with each request. */
const MAX_ATTRIBUTES = 64;
const MAX_NAME = 255;
const MAX_VALUE = 1024;
const MAX_ALL = 8192;

/** Attributes of a single process. The spans have them, and beside those a pid of another namespace would mislead. */
const OF_ONE_PROCESS = /^process\.(?!runtime\.)/;

/** Facts about a process besides those that it publishes. */
export interface Appearance {
  /** Base name of the executable. */
  executable?: string | undefined;
  container?: string | undefined;
}

/**
 * The resource of a process: the attributes that it publishes. Without a `service.name` among them it is `unknown_service:` with
 * the executable. The container comes from the kernel, unless the process names it.
 */
export function serviceResource(
  said: readonly (readonly [name: string, value: AttributeValue])[],
  { executable, container }: Appearance,
): ResourceAttributes {
  const resource = bounded(said);
  const name = resource.get(SERVICE_NAME);
  if (typeof name !== 'string' || name.trim() === '') resource.set(SERVICE_NAME, unknownService(executable));
  if (container && !resource.has(CONTAINER_ID)) resource.set(CONTAINER_ID, container);
  // fromEntries treats a name such as __proto__ as an ordinary one.
  return Object.fromEntries(resource);
}

/** Applies the bounds. `service.*` comes first, because it must not be cut off. */
function bounded(said: readonly (readonly [name: string, value: AttributeValue])[]): Map<string, AttributeValue> {
  const kept = new Map<string, AttributeValue>();
  let size = 0;
  const isService = ([name]: readonly [string, unknown]) => name.startsWith('service.');
  for (const [name, value] of [...said.filter(isService), ...said.filter((one) => !isService(one))]) {
    // An empty value says nothing: dd-java-agent 1.68.1 publishes some.
    if (name === '' || value === '' || name.length > MAX_NAME || OF_ONE_PROCESS.test(name)) continue;
    const cut = Array.isArray(value) ? value.map(shortened) : shortened(value);
    size += name.length + lengthOf(cut);
    if (size > MAX_ALL) break;
    kept.set(name, cut);
    if (kept.size === MAX_ATTRIBUTES) break;
  }
  return kept;
}

const shortened = <T extends string | number | boolean>(value: T): T | string =>
  typeof value === 'string' && value.length > MAX_VALUE ? value.slice(0, MAX_VALUE).toWellFormed() : value;
function lengthOf(value: AttributeValue): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + lengthOf(one), 0);
  return typeof value === 'string' ? value.length : 8;
}
