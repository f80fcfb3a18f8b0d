// SPDX-License-Identifier: Apache-2.0
/**
 * The one table of the kernels that the live tests run on. A mirror drops a version when a point release replaces it; then
 * fetch.sh takes the newest of the suite, and reports that.
 */
export interface Kernel {
  name: string;
  suite: string;
  /** The version of Debian's packages on which the tests last passed. */
  version: string;
  /** The kinds of the packages that hold its parts; from 7.0 on the bootable file is in a separate one. */
  packages: readonly string[];
}

export const KERNELS: readonly Kernel[] = [
  { name: '5.10', suite: 'bullseye', version: '5.10.223-1', packages: ['image'] },
  { name: '6.1', suite: 'bookworm', version: '6.1.176-1', packages: ['image'] },
  { name: '6.12', suite: 'trixie', version: '6.12.117-1', packages: ['image'] },
  { name: '6.18', suite: 'trixie-backports', version: '6.18.15-1~bpo13+1', packages: ['image'] },
  { name: '7.3', suite: 'trixie-backports', version: '7.3.4-1~bpo13+1', packages: ['binary', 'modules'] },
];

/** Finds a kernel. Throws an error that lists the known ones. */
export function kernelNamed(name: string): Kernel {
  const kernel = KERNELS.find((candidate) => candidate.name === name);
  if (!kernel) throw new Error(`no kernel ${name}; there are ${KERNELS.map(({ name }) => name).join(', ')}`);
  return kernel;
}
