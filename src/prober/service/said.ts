// SPDX-License-Identifier: Apache-2.0
import type { ProcStat } from '../../procfs/stat.ts';
import type { AttributeValue } from '../../protobuf/attribute.ts';
import { findContexts } from './context-mappings.ts';
import { contextAttributes } from './context-payload.ts';
import { type EnvironmentAttributes, environmentAttributes } from './environment.ts';
import { type PublishedContext, readContext } from './process-context.ts';

/** What a process says of its service. */
export interface Said {
  by: 'process_context' | 'environment';
  attributes: readonly (readonly [name: string, value: AttributeValue])[];
  context: PublishedContext | undefined;
  /** What its environment says, or said; undefined when nobody knows. */
  environment: EnvironmentAttributes | undefined;
}

/**
 * Its process context has what the program's own SDK uses. Without one its environment counts, which may have less or something
 * else.
 * @param folder /proc/PID
 * @param before what its environment said earlier, if anybody knows; asked when it cannot be read now
 */
export function saidBy(folder: string, stat: ProcStat, before: () => EnvironmentAttributes | undefined): Said {
  const context = readContext(folder, findContexts(folder));
  const published = context && contextAttributes(context.payload);
  const found = environmentAttributes(folder, stat);
  const environment = typeof found === 'string' ? before() : found;
  if (published) return { by: 'process_context', attributes: published, context, environment };
  return { by: 'environment', attributes: environment ?? [], context, environment };
}
