// SPDX-License-Identifier: Apache-2.0

/**
 * The fragmentation index of a zone for an order, as /sys/kernel/debug/extfrag/extfrag_index computes it
 * (__fragmentation_index in mm/vmstat.c, integer thousandths): towards 0 an allocation would fail for want of memory,
 * towards 1 because memory is fragmented; -1 when a suitable block is free.
 *
 * @param blocks free blocks per order, from order 0 up
 * @returns null for order -1, where the index has no meaning
 */
export function fragmentationIndex(blocks: readonly number[], order: number): number | null {
  if (order < 0) return null;
  let total = 0;
  let pages = 0;
  let suitable = 0;
  for (let blockOrder = 0; blockOrder < blocks.length; blockOrder++) {
    const free = blocks[blockOrder]!;
    total += free;
    pages += free * 2 ** blockOrder;
    if (blockOrder >= order) suitable += free;
  }
  if (total === 0) return 0;
  if (suitable > 0) return -1;
  const wanted = Math.floor((pages * 1000) / 2 ** order);
  return (1000 - Math.floor((1000 + wanted) / total)) / 1000;
}
