// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The oldest and the newest Debian that the packages are for, and musl. */
export const ROOTS = ['bullseye', 'trixie', 'musl'] as const;

/** The same for arm64, in emulated machines: Debian, and musl. */
export const ARM64_ROOTS = ['bookworm-arm64', 'musl-arm64'] as const;

/** The folder with that root file system, which is made first if it is not there; install.sh reports failures. */
export function ensureRoot(name: (typeof ROOTS | typeof ARM64_ROOTS)[number] | 'bookworm'): string {
  const script = fileURLToPath(new URL('install.sh', import.meta.url));
  const printed = execFileSync(script, [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return printed.trim().split('\n').at(-1)!;
}
