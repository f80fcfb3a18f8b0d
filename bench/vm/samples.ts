// SPDX-License-Identifier: Apache-2.0
/** What a machine hands out: one line of JSON for each run of a tool. */
import type { Memory } from '../proc.ts';

/** Run time of a tool's BPF programs per compaction. */
export interface Cost {
  pairs: number;
  nsPerPair: number;
}

export interface Sample {
  /** Which tool it was, and how it was told to run. */
  tool: string;
  round: number;
  /** From the start of the process to its first row on a pipe, while memory is compacted every 100 ms, from its first word on. */
  firstRowMs: number;
  /** After `manual`. */
  memory: Memory;
  manual: Cost;
  /** How many of those compactions, warm-up included, it printed, and how many there were. */
  manualRows: Rows;
  direct: Cost;
  directRows: Rows;
}

export interface Rows {
  printed: number;
  happened: number;
}
