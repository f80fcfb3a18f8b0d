// SPDX-License-Identifier: Apache-2.0
/** A test's result on its way out of an emulated machine: one line of JSON each. */
export interface Result {
  type: 'test';
  /** As it was asked for. */
  file: string;
  /** The suites it is in, then its own name. */
  name: string[];
  ms: number;
  outcome: 'passed' | 'failed' | 'skipped';
  /** Of a failed one. */
  error?: string;
}
