// SPDX-License-Identifier: Apache-2.0
/** The set-up of the matrix. */
import { spawnSync } from 'node:child_process';
import { fetchKernel } from './fetch.ts';
import { MKE2FS, testImage } from './image.ts';
import { type Arch, kernelsOf } from './kernels.ts';
import { QEMU } from './qemu.ts';

/** The reason why machines cannot run here, if there is one. */
export function missingForMachines(): string | undefined {
  if (process.arch !== 'x64') return 'the kernels and their emulator are for x86-64, and run the programs built here';
  const missing = [QEMU.x64, 'busybox', MKE2FS].filter(isMissing);
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} missing here; sudo ./setup.sh demo installs it on Debian`;
}

/** The same for machines of arm64. */
export function missingForArm64(): string | undefined {
  const missing = [QEMU.arm64, 'aarch64-linux-gnu-gcc', 'debootstrap'].filter(isMissing);
  return (
    missingForMachines() ??
    (process.getuid!() === 0 ? undefined : 'debootstrap needs root') ??
    (missing.length === 0 ? undefined : `${missing.join(', ')} missing here; sudo ./setup.sh all installs it on Debian`)
  );
}

const isMissing = (program: string) => spawnSync(program, ['--help']).error !== undefined;

/** Fetches the kernels and versions of Node.js, and makes the image, if necessary. */
export function ensureMachines(arch: Arch, kernels = kernelsOf(arch)): void {
  for (const kernel of kernels) fetchKernel(kernel);
  testImage(arch);
}
