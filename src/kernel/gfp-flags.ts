// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import type { Btf } from './btf.ts';

/** The mask of each GFP flag, by its name without `__GFP_`. */
export type GfpFlags = ReadonlyMap<string, number>;

/** The usual mount points of tracefs. */
export const TRACING = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const FORMAT = 'events/compaction/mm_compaction_try_to_compact_pages/format';
/** A single flag of the table with which the kernel prints a mask. Combinations have more in the brackets and do not match. */
const FLAG = /\{\( ?unsigned long\)\(\( ?gfp_t\)0x([0-9a-f]+)u\), "(?:__)?GFP_(\w+)"\}/g;

/**
 * The bit of each flag, which differs between kernels. From 6.10 on BTF has an enum of them; before, the tracepoint's
 * format lists them where tracefs is mounted. undefined when neither is available.
 */
export function gfpFlags(btf: Pick<Btf, 'enumWith'>, tracing: readonly string[] = TRACING): GfpFlags | undefined {
  const bits = btf.enumWith('___GFP_DMA_BIT');
  if (!bits) return flagsOfFormat(tracing);
  const flags = [...bits].filter(([name]) => name !== '___GFP_LAST_BIT');
  return new Map(flags.map(([name, bit]) => [name.replace(/^___GFP_(.*)_BIT$/, '$1'), (1 << bit) >>> 0]));
}

function flagsOfFormat(tracing: readonly string[]): GfpFlags | undefined {
  for (const mount of tracing) {
    try {
      const found = [...readFileSync(`${mount}/${FORMAT}`, 'latin1').matchAll(FLAG)];
      const flags = found.map(([, mask, name]) => [name!, Number.parseInt(mask!, 16)] as const);
      if (flags.length > 0) return new Map(flags.sort(([, a], [, b]) => a - b));
    } catch {
      // Not mounted there, or not readable for this user.
    }
  }
  return undefined;
}
