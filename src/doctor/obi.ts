// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { StartError, systemWords } from '../errors.ts';
import { obiUnread } from '../host/limitations.ts';
import type { LiveSource } from '../live/live-source.ts';
import { obiMapFile } from '../live/obi.ts';
import { openAsRun } from './attach.ts';
import { type Finding, ok, warn } from './check.ts';

/** Whether the spans of OpenTelemetry eBPF Instrumentation are readable. Loads programs only where its map exists. */
export async function obi(map = obiMapFile(), open = openAsRun): Promise<Finding> {
  try {
    if (statSync(map, { throwIfNoEntry: false }) === undefined) {
      return ok(`no map at ${map}: no spans of OpenTelemetry eBPF Instrumentation are read.`);
    }
  } catch (error) {
    return ok(`unknown: ${map}: ${systemWords(error)}.`);
  }
  let source: LiveSource;
  try {
    source = await open();
  } catch (error) {
    if (error instanceof StartError)
      return ok(`unknown: ${map} exists, but the programs that read it cannot be loaded.`);
    throw error;
  }
  await source.close();
  const { plan, obiObstacle } = source.attachment;
  if (!plan.probeReads) return ok(`not read: ${map} exists, but this kernel forbids probe reads.`);
  if (obiObstacle !== undefined) {
    const { why, todo } = obiUnread(obiObstacle);
    return warn(why, todo);
  }
  return ok(`${map} is readable: a stall is linked to the span recorded there.`);
}
