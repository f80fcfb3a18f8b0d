// SPDX-License-Identifier: Apache-2.0
/** The output of a machine: one line of JSON for each run of a tool. */
import type { Memory } from '../proc.ts';

/** The run time of a tool's BPF programs per compaction. */
export interface Cost {
  pairs: number;
  nsPerPair: number;
}

export interface Sample {
  /** The tool, with its options. */
  tool: string;
  round: number;
  /** From the start of the process to its first row on a pipe. Memory is compacted every 100 ms, from its first output on. */
  firstRowMs: number;
  /** Measured after `manual`. */
  memory: Memory;
  manual: Cost;
  /** The printed and the actual number of those compactions, warm-up included. */
  manualRows: Rows;
  direct: Cost;
  directRows: Rows;
}

export interface Rows {
  printed: number;
  happened: number;
}
