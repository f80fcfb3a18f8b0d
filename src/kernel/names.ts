// SPDX-License-Identifier: Apache-2.0
import type { Btf } from './btf.ts';
import { gfpNames } from './gfp.ts';
import { gfpFlags } from './gfp-flags.ts';

/** Names for the kernel's numbers, from the running kernel's BTF. A number without a name stays a number. */
export interface KernelNames {
  status(value: number): string;
  mode(value: number): string;
  priority(value: number): string;
  gfp(mask: number): string[];
  /** The name of a zone by its index in the node, for records without a name (bpf/zone.h reads it where it may). */
  zone(index: number): string;
}

/** zone_names[] of mm/page_alloc.c, where they differ from the enum. DMA and DMA32 do not. */
const ZONE_NAMES: Readonly<Record<string, string>> = {
  NORMAL: 'Normal',
  HIGHMEM: 'HighMem',
  MOVABLE: 'Movable',
  DEVICE: 'Device',
};
const lowerCase = (name: string) => name.toLowerCase();

export function kernelNames(btf: Btf): KernelNames {
  return {
    status: enumNames(btf.enum('compact_result'), 'COMPACT_'),
    mode: enumNames(btf.enum('migrate_mode'), 'MIGRATE_'),
    priority: enumNames(btf.enum('compact_priority'), 'COMPACT_PRIO_'),
    zone: enumNames(btf.enum('zone_type'), 'ZONE_', (name) => ZONE_NAMES[name] ?? name),
    gfp: memoized(gfpNames(gfpFlags(btf))),
  };
}

/** Only names with the prefix: enums have aliases for the same value, such as MIN_COMPACT_PRIORITY. */
function enumNames(
  values: ReadonlyMap<string, number> | undefined,
  prefix: string,
  rename = lowerCase,
): (value: number) => string {
  const names = new Map<number, string>();
  for (const [name, value] of values ?? []) {
    if (name.startsWith(prefix)) names.set(value, rename(name.slice(prefix.length)));
  }
  return (value) => names.get(value) ?? String(value);
}

/** Caches the names: a host uses few different masks. */
function memoized(names: (mask: number) => string[]): (mask: number) => string[] {
  const known = new Map<number, string[]>();
  return (mask) => {
    const found = known.get(mask) ?? names(mask);
    known.set(mask, found);
    return found;
  };
}
