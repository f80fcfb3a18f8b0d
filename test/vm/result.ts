// SPDX-License-Identifier: Apache-2.0
/** The result of a test in an emulated machine, sent as one line of JSON. */
export interface Result {
  type: 'test';
  /** The path, as requested. */
  file: string;
  /** The names of its suites, then its own. */
  name: string[];
  ms: number;
  outcome: 'passed' | 'failed' | 'skipped';
  /** The error of a failed test. */
  error?: string;
}
