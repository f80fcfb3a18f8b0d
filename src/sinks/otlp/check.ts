// SPDX-License-Identifier: Apache-2.0
import { readConnection } from './connection.ts';
import { readLimits } from './limits.ts';
import { readResourceAttributes } from './resource-attributes.ts';
import { readSettings } from './settings.ts';

/**
 * Throws a usage error for a variable that the sink could not use, without loading the sink's libraries. These functions are the
 * only readers of the variables: what they let through is what the sink uses.
 */
export function checkEnvironment(env: NodeJS.ProcessEnv): void {
  readSettings(env);
  readConnection(env);
  readLimits(env);
  readResourceAttributes(env);
}
