// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const INSTALL = fileURLToPath(new URL('install.sh', import.meta.url));

export interface Viewers {
  /** The folder of Perfetto's engine_bundle.js and WebAssembly. */
  perfetto: string;
  /** The package speedscope. */
  speedscope: string;
}

let found: Viewers | undefined;

/** Installs them if necessary. Throws when that fails, and install.sh prints the reason on stderr. */
export function ensureViewers(): Viewers {
  found ??= Object.fromEntries(
    execFileSync(INSTALL, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2)),
  ) as Viewers;
  return found;
}
