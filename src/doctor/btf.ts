// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { hiddenKernelFile } from '../host/kernel-file.ts';
import { FEATURE_PATHS } from '../live/kernel-features.ts';
import { type Finding, ok } from './check.ts';
import { failure } from './failure.ts';
import { kernelTypes } from './types.ts';

/** The kernel's description of its own types. */
export function btf(path = FEATURE_PATHS.btf, hidden = hiddenKernelFile): Finding {
  try {
    kernelTypes(path, hidden);
  } catch (error) {
    return failure(error);
  }
  return ok(`${path} describes the kernel's types, ${(statSync(path).size / 1e6).toFixed(1)} MB.`);
}
