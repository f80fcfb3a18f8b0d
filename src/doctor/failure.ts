// SPDX-License-Identifier: Apache-2.0
import { StartError } from '../errors.ts';
import { type Finding, fail } from './check.ts';

/** What would keep `run` from starting, in the words that `run` has for it. Anything else is thrown on. */
export function failure(error: unknown): Finding {
  if (error instanceof StartError) return fail(error.why, error.todo);
  throw error;
}
