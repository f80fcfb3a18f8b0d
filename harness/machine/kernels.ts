// SPDX-License-Identifier: Apache-2.0
/**
 * The one table of the kernels that the live tests run on. A mirror drops a version when a point release replaces it; then
 * fetch.sh takes the newest of the suite, and reports that.
 */
export interface Kernel {
  name: string;
  arch: Arch;
  /** Linux's release, and Debian's flavour of it. */
  release: string;
  flavour: string;
  suite: string;
  /** The version of Debian's packages on which the tests last passed. */
  version: string;
  /** The kinds of the packages that hold its parts; from 7.0 on the bootable file is in a separate one. */
  packages: readonly string[];
}

/** As Node.js calls them. */
export type Arch = 'x64' | 'arm64';

const image = ['image'];
const separate = ['binary', 'modules'];
const x64 = { arch: 'x64', flavour: 'cloud-amd64' } as const;
const arm64 = { arch: 'arm64', flavour: 'cloud-arm64' } as const;
/** Pages of 16 KiB. Debian has no flavour with 64 KiB. */
const arm64Of16K = { arch: 'arm64', flavour: 'arm64-16k' } as const;

const bullseye = { release: '5.10', suite: 'bullseye', version: '5.10.223-1', packages: image };
const bookworm = { release: '6.1', suite: 'bookworm', version: '6.1.176-1', packages: image };
const trixie = { release: '6.12', suite: 'trixie', version: '6.12.117-1', packages: image };
const longterm = { release: '6.18', suite: 'trixie-backports', version: '6.18.15-1~bpo13+1', packages: image };
const backports = { release: '7.3', suite: 'trixie-backports', version: '7.3.4-1~bpo13+1', packages: separate };

/** For each architecture from the oldest to the newest. */
export const KERNELS: readonly Kernel[] = [
  { name: '5.10', ...bullseye, ...x64 },
  { name: '6.1', ...bookworm, ...x64 },
  { name: '6.12', ...trixie, ...x64 },
  { name: '6.18', ...longterm, ...x64 },
  { name: '7.3', ...backports, ...x64 },
  { name: '5.10-arm64', ...bullseye, ...arm64 },
  { name: '6.1-arm64', ...bookworm, ...arm64 },
  { name: '6.12-arm64', ...trixie, ...arm64 },
  { name: '6.12-arm64-16k', ...trixie, ...arm64Of16K },
  { name: '7.3-arm64', ...backports, ...arm64 },
  { name: '7.3-arm64-16k', ...backports, ...arm64Of16K },
];

/** The kernels of arm64 that `npm test -- arm64` runs on: emulation of another processor takes more than twice as long. */
export const ARM64_TESTED = [kernelNamed('6.1-arm64'), kernelNamed('6.12-arm64-16k')];

export const kernelsOf = (arch: Arch): readonly Kernel[] => KERNELS.filter((kernel) => kernel.arch === arch);

/** Finds a kernel. Throws an error that lists the known ones. */
export function kernelNamed(name: string, kernels = KERNELS): Kernel {
  const kernel = kernels.find((candidate) => candidate.name === name);
  if (!kernel) throw new Error(`no kernel ${name}; there are ${kernels.map(({ name }) => name).join(', ')}`);
  return kernel;
}
