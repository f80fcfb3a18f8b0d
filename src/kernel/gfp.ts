// SPDX-License-Identifier: Apache-2.0
/**
 * GFP masks as the kernel prints them. The bit of each flag differs between kernels and is read from the running one. The
 * usual combinations of flags do not differ; they follow include/linux/gfp_types.h.
 */
import type { GfpFlags } from './gfp-flags.ts';

const RECLAIM = ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM'];
const KERNEL = [...RECLAIM, 'IO', 'FS'];
const USER = [...KERNEL, 'HARDWALL'];
const HIGHUSER = [...USER, 'HIGHMEM'];
const MOVABLE = [...HIGHUSER, 'MOVABLE'];
const TRANSHUGE_LIGHT = ['IO', 'FS', 'HARDWALL', 'HIGHMEM', 'MOVABLE', 'COMP', 'NOMEMALLOC', 'NOWARN'];

/** The combinations, largest first: the first that fits is taken out of the mask. */
const COMBINATIONS: readonly (readonly [string, readonly string[]])[] = [
  ['GFP_TRANSHUGE', [...TRANSHUGE_LIGHT, 'DIRECT_RECLAIM']],
  ['GFP_TRANSHUGE_LIGHT', TRANSHUGE_LIGHT],
  ['GFP_HIGHUSER_MOVABLE', MOVABLE],
  ['GFP_HIGHUSER', HIGHUSER],
  ['GFP_USER', USER],
  ['GFP_KERNEL_ACCOUNT', [...KERNEL, 'ACCOUNT']],
  ['GFP_KERNEL', KERNEL],
  ['GFP_NOFS', [...RECLAIM, 'IO']],
  ['GFP_ATOMIC', ['HIGH', 'KSWAPD_RECLAIM']],
  ['GFP_NOIO', RECLAIM],
];

const hex = (mask: number) => `0x${mask.toString(16)}`;

/**
 * @param maskOf the kernel's flags, undefined when they are not known
 * @returns a function from mask to names; a mask or bit without a name is given in hexadecimal
 */
export function gfpNames(maskOf: GfpFlags | undefined): (mask: number) => string[] {
  if (!maskOf) return (mask) => [hex(mask)];
  const combinations = COMBINATIONS.filter(([, names]) => names.every((name) => maskOf.has(name))).map(
    ([name, names]) => ({ name, mask: names.reduce((mask, flag) => (mask | maskOf.get(flag)!) >>> 0, 0) }),
  );

  return (mask) => {
    const names: string[] = [];
    let rest = mask >>> 0;
    const combination = combinations.find(({ mask: all }) => (rest & all) >>> 0 === all);
    if (combination) {
      names.push(combination.name);
      rest = (rest & ~combination.mask) >>> 0;
    }
    for (const [name, flag] of maskOf) {
      if ((rest & flag) === 0) continue;
      names.push(`__GFP_${name}`);
      rest = (rest & ~flag) >>> 0;
    }
    if (rest !== 0) names.push(hex(rest));
    return names;
  };
}
