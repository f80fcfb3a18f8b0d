// SPDX-License-Identifier: Apache-2.0
import type { Labels } from '../metric.ts';
import type { VmSettings } from '../vm-settings.ts';
import { unusableShare } from '../zones.ts';
import type { NumberInstrument } from './instrument.ts';

const ZONE = ['compaction.node', 'compaction.zone', 'compaction.order'] as const;
const zoneLabels = (node: number, zone: string, order: number): Labels => ({
  'compaction.node': node,
  'compaction.zone': zone,
  'compaction.order': order,
});

const SETTINGS: Readonly<Record<keyof VmSettings, string>> = {
  thpEnabled: 'compaction.vm.thp_enabled',
  thpDefrag: 'compaction.vm.thp_defrag',
  compactionProactiveness: 'compaction.vm.compaction_proactiveness',
  defragMode: 'compaction.vm.defrag_mode',
  minFreeKbytes: 'compaction.vm.min_free_kbytes',
};

/** The state that predicts the next stall, and the settings that decide about it. */
export const MEMORY: readonly NumberInstrument[] = [
  {
    name: 'compaction.zone.free_blocks',
    kind: 'updown',
    type: 'int',
    unit: '{block}',
    labels: ZONE,
    meaning: 'Free blocks of exactly 2^order pages, as in /proc/buddyinfo.',
    absent: 'where /proc/buddyinfo is hidden',
    read: ({ zones }) =>
      zones.flatMap(({ node, zone, blocks }) =>
        blocks.map((value, order) => ({ labels: zoneLabels(node, zone, order), value })),
      ),
  },
  {
    name: 'compaction.zone.unusable_free',
    kind: 'gauge',
    type: 'double',
    unit: '1',
    labels: ZONE,
    meaning:
      'Share of the free memory that is in blocks too small for the order: the kernel’s unusable free space index. Near 1 the ' +
      'next allocation of that order has to compact.',
    absent: 'where no memory of the zone is free, or /proc/buddyinfo is hidden',
    read: ({ zones }) =>
      zones.flatMap((zone) =>
        zone.blocks.flatMap((_, order) => {
          const value = unusableShare(zone, order);
          return value === undefined ? [] : [{ labels: zoneLabels(zone.node, zone.zone, order), value }];
        }),
      ),
  },
  {
    name: 'compaction.vm.info',
    kind: 'gauge',
    type: 'int',
    unit: '',
    labels: Object.values(SETTINGS),
    meaning: 'Always 1: its labels are the settings. Those that this kernel does not have are left out.',
    read: ({ settings }) => {
      const names = Object.keys(SETTINGS) as (keyof VmSettings)[];
      const known = names.flatMap((name) => (settings[name] === undefined ? [] : [[SETTINGS[name], settings[name]]]));
      return [{ labels: Object.fromEntries(known) as Labels, value: 1 }];
    },
  },
];
