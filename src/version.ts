// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { installed } from './installation.ts';

/** The package's version. */
export const VERSION: string = JSON.parse(readFileSync(installed('package.json'), 'utf8')).version;
