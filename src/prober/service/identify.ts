// SPDX-License-Identifier: Apache-2.0
import { containerOf } from '../../procfs/container-id.ts';
import { executableOf } from '../../procfs/executable.ts';
import { isSameExec, type ProcStat, readStat } from '../../procfs/stat.ts';
import type { ProcessFacts } from '../protocol.ts';
import { findContexts } from './context-mappings.ts';
import { publishedNs } from './process-context.ts';
import { type Said, saidBy } from './said.ts';
import { serviceResource } from './service-resource.ts';

export interface Identity {
  facts: ProcessFacts;
  /** The process context at that time. */
  context: { at: bigint; publishedNs: bigint } | undefined;
  environment: Said['environment'];
}

/**
 * Identifies a process: its executable, its container and, with `services`, its resource. Each step has its own file in /proc,
 * and may fail alone: anybody may read the cgroup, but not the others.
 * @param folder /proc/PID
 * @param before what its environment said earlier, if anybody knows
 * @returns undefined when the process ended or called exec meanwhile
 */
export function identify(
  folder: string,
  stat: ProcStat,
  services: boolean,
  before: () => Said['environment'],
): Identity | undefined {
  const said = services ? saidBy(folder, stat, before) : undefined;
  const facts = factsOf(folder, stat, said?.attributes);
  if (!isSameExec(stat, readStat(folder))) return undefined;
  const context = said?.context;
  return {
    facts,
    context: context && { at: context.at, publishedNs: context.publishedNs },
    environment: said?.environment,
  };
}

/** What is known of a process without its memory: its executable and its container. */
export const factsFromOutside = (folder: string, stat: ProcStat, services: boolean): ProcessFacts =>
  factsOf(folder, stat, services ? [] : undefined);

/** @param said the attributes of the resource; undefined when no resource is wanted */
function factsOf(
  folder: string,
  stat: ProcStat,
  said: Parameters<typeof serviceResource>[0] | undefined,
): ProcessFacts {
  const executable = executableOf(folder);
  const container = containerOf(folder);
  // Not everybody may see the executable; the name of the main thread begins as its name.
  const resource = said && serviceResource(said, { executable: executable ?? stat.comm, container });
  return { ...(executable && { executable }), ...(container && { container }), ...(resource && { resource }) };
}

/** Whether a process would be identified differently now. @param search also look for a new context */
export function isOutdated(folder: string, { facts, context }: Identity, search: boolean): boolean {
  if (containerOf(folder) !== facts.container) return true;
  if (context === undefined) return search && findContexts(folder).length > 0;
  const published = publishedNs(folder, context.at);
  // Memory that is short takes pages of shared mappings away, and the context with them, until the process uses it again.
  if (published === 'away') return !findContexts(folder).includes(context.at);
  // A context that is being changed still counts as the old one.
  return published !== context.publishedNs && published !== 0n;
}
