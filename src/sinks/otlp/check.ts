// SPDX-License-Identifier: Apache-2.0
import { readEndpoint } from './endpoint.ts';
import { readSettings } from './settings.ts';

/** Throws a usage error for a variable that the sink could not use; loads none of the libraries that it needs. */
export function checkEnvironment(env: NodeJS.ProcessEnv): void {
  readEndpoint(env, readSettings(env).protocol);
}
