// SPDX-License-Identifier: Apache-2.0
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder in which tests keep everything that they fetch or make once. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'compactstall');
