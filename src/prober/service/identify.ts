// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { containerOf } from '../../procfs/container-id.ts';
import { readMaps } from '../../procfs/maps.ts';
import { attempt } from '../../procfs/proc-file.ts';
import type { ProcStat } from '../../procfs/stat.ts';
import type { AttributeValue, ResourceAttributes } from '../../protobuf/attribute.ts';
import { contextsIn, isMemory } from './context-mappings.ts';
import { contextResource } from './context-payload.ts';
import { environmentResource } from './environment.ts';
import { publishedNs, readContext } from './process-context.ts';
import { serviceResource } from './resource.ts';

/** What can be identity about a stalled process while it lives. */
export interface ProcessFacts {
  executable?: string;
  container?: string;
  resource?: ResourceAttributes;
}

export interface Identity {
  facts: ProcessFacts;
  /** The process context that its resource comes from. */
  context?: { at: bigint; publishedNs: bigint };
}

/**
 * Each is asked for apart: the cgroup may be read by anybody, the rest not, and the service may not be wanted at all.
 * @param folder /proc/PID
 */
export function identify(folder: string, status: ProcStat, services: boolean): Identity {
  const executable = attempt(() => basename(readlinkSync(`${folder}/exe`)).replace(/ \(deleted\)$/, ''));
  const container = containerOf(folder);
  const facts: ProcessFacts = { ...(executable && { executable }), ...(container && { container }) };
  if (!services) return { facts };
  const { said, context } = whatItSays(folder, status);
  // Without the right to see the executable its main thread's name, which begins as the executable's, is the next best.
  facts.resource = serviceResource(said, { executable: executable ?? status.comm, container });
  return { facts, ...(context && { context }) };
}

/** What a process context says is what the program's own SDK uses. The environment may say less, or something else. */
function whatItSays(
  folder: string,
  { environmentAt, environmentSize }: ProcStat,
): { said: [string, AttributeValue][]; context?: { at: bigint; publishedNs: bigint } } {
  const mappings = attempt(() => readMaps(folder));
  if (mappings === undefined) return { said: [] };
  const context = readContext(folder, mappings);
  const resource = context && contextResource(context.payload);
  const said = resource ?? (isMemory(mappings, environmentAt, environmentSize) ? environmentResource(folder) : []);
  return { said, ...(context && { context: { at: context.at, publishedNs: context.publishedNs } }) };
}

/** Whether a process that was identity of would say something else now. A context is only searched for if `search`. */
export function isOutdated(folder: string, { facts, context }: Identity, search: boolean): boolean {
  if (containerOf(folder) !== facts.container) return true;
  if (context === undefined) return search && contextsIn(attempt(() => readMaps(folder)) ?? []).length > 0;
  const published = publishedNs(folder, context.at);
  // While it is being changed it still says what it said.
  return published !== context.publishedNs && published !== 0n;
}
