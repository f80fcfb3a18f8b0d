// SPDX-License-Identifier: Apache-2.0
import type { Btf } from '../kernel/btf.ts';
import { FEATURE_PATHS, readKernelBtf } from '../live/kernel-features.ts';

const known = new Map<string, Btf>();

/** The kernel's types, read once: they are megabytes, and three checks ask. Throws a HostError that says what is missing. */
export function kernelTypes(path = FEATURE_PATHS.btf): Btf {
  const types = known.get(path) ?? readKernelBtf(undefined, path);
  known.set(path, types);
  return types;
}
