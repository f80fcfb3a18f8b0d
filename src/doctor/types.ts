// SPDX-License-Identifier: Apache-2.0
import type { hiddenKernelFile } from '../host/kernel-file.ts';
import type { Btf } from '../kernel/btf.ts';
import { FEATURE_PATHS, readKernelBtf } from '../live/kernel-features.ts';

const known = new Map<string, Btf>();

/** The kernel's types, read once: they are megabytes, and three checks ask. Throws a HostError that says what is missing. */
export function kernelTypes(path = FEATURE_PATHS.btf, hidden?: typeof hiddenKernelFile): Btf {
  const types = known.get(path) ?? readKernelBtf(undefined, path, hidden);
  known.set(path, types);
  return types;
}
