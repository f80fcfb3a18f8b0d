// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** src/sinks/otlp and dist/sinks/otlp lie equally deep. */
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

export const SCOPE: { name: string; version: string } = { name: 'compactstall', version };
export const USER_AGENT = `compactstall/${version}`;
