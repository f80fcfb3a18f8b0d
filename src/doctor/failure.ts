// SPDX-License-Identifier: Apache-2.0
import { StartError } from '../errors.ts';
import { type Finding, fail } from './check.ts';

/** Turns an error that would keep `run` from starting into a finding with the same words. Rethrows any other error. */
export function failure(error: unknown): Finding {
  if (error instanceof StartError) return fail(error.why, error.todo, error.exitCode);
  throw error;
}
