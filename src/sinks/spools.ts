// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { usageError } from '../errors.ts';
import { type Owner, openSpoolFolder } from '../spool/folder.ts';
import { exporterName, wantsOtlp } from './create.ts';
import type { SpoolFolder } from './otlp/spool-queue.ts';
import type { Output } from './output.ts';

/** A spool that the user wants. */
export interface SpoolWish {
  path: string;
  /** The most bytes in it, for each exporter. */
  bytes: number;
  /** How long a request is kept. */
  ageMs: number;
  /** Who the agent is when it uses the folder; by default who it is now. */
  owner?: Owner;
}

/**
 * Opens a folder for each exporter: that one, and in it one for each other exporter. Throws a UserError when it cannot be used, or nothing
 * would be in it.
 *
 * @param environments the variables of each span exporter
 */
export async function openSpools(
  wish: SpoolWish | undefined,
  outputs: readonly Output[],
  environments: readonly NodeJS.ProcessEnv[],
): Promise<SpoolFolder[]> {
  if (wish === undefined) return [];
  const { path, bytes, ageMs, owner } = wish;
  const exporters = environments.filter((env) => wantsOtlp(outputs, env));
  if (exporters.length === 0) {
    throw usageError('--spool: no spans are sent; add --output otlp, or set OTEL_EXPORTER_OTLP_ENDPOINT.');
  }
  const folders: SpoolFolder[] = [];
  for (const index of exporters.keys()) {
    const own = index === 0 ? path : join(path, exporterName(index));
    folders.push({ path: own, folder: await openSpoolFolder(own, owner), bytes, ageMs });
  }
  return folders;
}
