// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../../errors.ts';

/** A setting that cannot be used: the variable, its value and what is allowed, as one sentence. */
export function badSetting(variable: string, value: string, allowed: string): Error {
  return Object.assign(usageError(`${variable}=${value}: ${allowed}`), { code: 'USAGE' });
}
