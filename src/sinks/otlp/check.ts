// SPDX-License-Identifier: Apache-2.0
import { readEndpoint } from './endpoint.ts';
import { readSettings } from './settings.ts';

/** Throws a usage error for a variable that the sink could not use, without loading the sink's libraries. */
export function checkEnvironment(env: NodeJS.ProcessEnv): void {
  readEndpoint(env, readSettings(env).protocol);
}
