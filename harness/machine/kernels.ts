// SPDX-License-Identifier: Apache-2.0
/**
 * The kernels that the live tests run on: the one table of them. A point release replaces a package by one with another
 * name, so each is named by its suite and a shell pattern, of which the newest match is taken.
 */
export interface Kernel {
  name: string;
  suite: string;
  /** One for each package that holds a part of it; from 7.0 on the bootable file is in a package of its own. */
  packages: readonly string[];
}

const image = (name: string, suite: string): Kernel => ({
  name,
  suite,
  packages: [`linux-image-${name}.*-cloud-amd64`],
});

export const KERNELS: readonly Kernel[] = [
  image('5.10', 'bullseye'),
  image('6.1', 'bookworm'),
  image('6.12', 'trixie'),
  image('6.18', 'trixie-backports'),
  {
    name: '7.3',
    suite: 'trixie-backports',
    packages: ['linux-binary-7.3.*-cloud-amd64', 'linux-modules-7.3.*-cloud-amd64'],
  },
];

/** Throws an error that names those there are. */
export function kernelNamed(name: string): Kernel {
  const kernel = KERNELS.find((candidate) => candidate.name === name);
  if (!kernel) throw new Error(`no kernel ${name}; there are ${KERNELS.map(({ name }) => name).join(', ')}`);
  return kernel;
}
