// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Kernel } from './kernels.ts';

const FETCH = fileURLToPath(new URL('fetch.sh', import.meta.url));

/** The directory that holds the kernel, checked, and fetched unless the cache has it. fetch.sh reports failures. */
export function fetchKernel({ name, release, flavour, suite, version, packages }: Kernel): string {
  try {
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    return execFileSync(FETCH, [release, flavour, suite, version, ...packages], {
      encoding: 'utf8',
      stdio: [...stdio],
    }).trim();
  } catch {
    throw new Error(`Linux ${name} could not be fetched. Run harness/machine/fetch.sh, which says why.`);
  }
}
