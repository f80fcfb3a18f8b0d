// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { hiddenKernelFile } from '../host/kernel-file.ts';
import { readNumber } from '../host/setting-file.ts';
import { type Finding, ok } from './check.ts';

const FOLDER = '/proc/sys/vm';

/** vm.compaction_proactiveness: whether kcompactd compacts ahead of demand. */
export function proactiveness(folder = FOLDER, hidden = hiddenKernelFile): Finding {
  const file = `${folder}/compaction_proactiveness`;
  const value = readNumber(file);
  if (value === undefined && (hidden(file) !== undefined || existsSync(file)))
    return ok(`unknown: ${file} cannot be read.`);
  if (value === undefined) return ok('not available, Linux 5.9 added it: expect no proactive compaction.');
  if (value === 0) return ok('0: expect no proactive compaction.');
  // mm/compaction.c, fragmentation_score_wmark()
  const low = Math.max(100 - value, 5);
  const high = Math.min(low + 10, 100);
  return ok(
    `${value}: expect proactive compaction where a node's fragmentation score is above ${high}, down to ${low}.`,
  );
}

/** vm.extfrag_threshold, for allocations above order 3 (PAGE_ALLOC_COSTLY_ORDER). */
export function extfragThreshold(folder = FOLDER): Finding {
  const value = readNumber(`${folder}/extfrag_threshold`);
  if (value === undefined) return ok('unknown.');
  return ok(
    `${value}: above order 3, zones with a fragmentation index up to ${(value / 1000).toFixed(3)} are reclaimed rather than compacted.`,
  );
}
