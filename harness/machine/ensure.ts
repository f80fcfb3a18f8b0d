// SPDX-License-Identifier: Apache-2.0
/** The set-up of the matrix. */
import { spawnSync } from 'node:child_process';
import { fetchKernel } from './fetch.ts';
import { MKE2FS, testImage } from './image.ts';
import { KERNELS } from './kernels.ts';
import { QEMU } from './qemu.ts';

/** The reason why machines cannot run here, if there is one. */
export function missingForMachines(): string | undefined {
  if (process.arch !== 'x64') return 'the kernels and their emulator are for x86-64, and run the programs built here';
  const missing = [QEMU, 'busybox', MKE2FS].filter((program) => spawnSync(program, ['--help']).error !== undefined);
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} missing here; sudo ./setup.sh demo installs it on Debian`;
}

/** Fetches the kernels and versions of Node.js, and makes the image, if necessary. */
export function ensureMachines(): void {
  for (const kernel of KERNELS) fetchKernel(kernel);
  testImage();
}
