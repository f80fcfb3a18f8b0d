// SPDX-License-Identifier: Apache-2.0
import { readChoice, readNumber } from '../host/setting-file.ts';

/** The settings that decide when memory is compacted; a setting that this kernel lacks, or hides, is absent. */
export interface VmSettings {
  thpEnabled?: string;
  thpDefrag?: string;
  compactionProactiveness?: number;
  defragMode?: number;
  minFreeKbytes?: number;
}

export function readVmSettings(thp = '/sys/kernel/mm/transparent_hugepage', vm = '/proc/sys/vm'): VmSettings {
  const settings = {
    thpEnabled: readChoice(`${thp}/enabled`),
    thpDefrag: readChoice(`${thp}/defrag`),
    compactionProactiveness: readNumber(`${vm}/compaction_proactiveness`),
    defragMode: readNumber(`${vm}/defrag_mode`),
    minFreeKbytes: readNumber(`${vm}/min_free_kbytes`),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
