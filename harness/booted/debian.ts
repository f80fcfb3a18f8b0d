// SPDX-License-Identifier: Apache-2.0
/** A Debian that systemd has booted, in an emulated machine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Entry } from '../machine/contents.ts';
import { missingForMachines } from '../machine/ensure.ts';
import { fetchKernel } from '../machine/fetch.ts';
import { kernelNamed } from '../machine/kernels.ts';
import type { MachineOptions } from '../machine/machine.ts';
import { runRoot } from '../machine/run-root.ts';

/** The Debians, each with its own kernel. */
export const DEBIANS = [
  { suite: 'bookworm', release: 12, kernel: '6.1' },
  { suite: 'trixie', release: 13, kernel: '6.12' },
] as const;
export type Debian = (typeof DEBIANS)[number];

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** As for the other machines, with time for systemd: some 10 s. */
const BOOTS_MS = [120_000, 120_000];
/** Room for a package beside its upgrade. */
const FREE_MB = 512;

/** Runs a command when the system is up. */
const ENTRIES: readonly Entry[] = [
  { from: here('run-command'), to: '/usr/local/sbin/run-command' },
  { from: here('run-command.service'), to: '/etc/systemd/system/run-command.service' },
  { linkTo: '../run-command.service', to: '/etc/systemd/system/multi-user.target.wants/run-command.service' },
];

/** The root file system, which is made first if it is not there; install.sh reports failures. */
export function ensureDebian(suite: string): string {
  const printed = execFileSync(here('install.sh'), [suite], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return printed.trim().split('\n').at(-1)!;
}

/** The reason why they cannot run here, if there is one. */
export function missingForDebians(): string | undefined {
  if (process.getuid!() !== 0) return 'debootstrap needs root';
  if (spawnSync('debootstrap', ['--version']).error)
    return 'debootstrap is missing here; sudo ./setup.sh all installs it on Debian';
  return missingForMachines();
}

/** Fetches the kernels, and makes the root file systems, if necessary. */
export function ensureDebians(): void {
  for (const { suite, kernel } of DEBIANS) {
    fetchKernel(kernelNamed(kernel));
    ensureDebian(suite);
  }
}

/**
 * Boots it, with more files in it, and runs one command as root when it is up.
 * @returns as runMachine()
 */
export async function* runDebian(
  { suite, kernel }: Debian,
  { entries, ...options }: Pick<MachineOptions, 'command' | 'limitMs' | 'say'> & { entries: readonly Entry[] },
): AsyncGenerator<string, number> {
  return yield* runRoot(ensureDebian(suite), {
    ...{ ...options, name: `debian-${suite}`, kernel: fetchKernel(kernelNamed(kernel)), bootsMs: BOOTS_MS },
    entries: [...ENTRIES, ...entries],
    freeMb: FREE_MB,
    append: 'init=/lib/systemd/systemd systemd.show_status=false',
  });
}
