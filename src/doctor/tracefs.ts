// SPDX-License-Identifier: Apache-2.0
import { gfpFlags } from '../kernel/gfp-flags.ts';
import { type Finding, ok, warn } from './check.ts';
import { MOUNTINFO, mountPoints } from './mounts.ts';
import { kernelTypes } from './types.ts';

/** Who knows the names of GFP flags: from 6.10 on the kernel's BTF, before it tracefs, where it can be read. */
type GfpNames = 'btf' | 'tracefs' | 'nobody';

/** Wanted for names on older kernels, and by the kprobe plan, of which `plan` tells. */
export function tracefs(mountinfo = MOUNTINFO, gfpNames = askKernel): Finding {
  const who = gfpNames();
  const [first] = mountPoints('tracefs', mountinfo);
  const where = first === undefined ? 'not mounted' : `mounted at ${first}`;
  if (who === 'btf') return ok(`${where}; names of GFP flags do not need it on this kernel.`);
  if (who === 'tracefs') return ok(`${where}; the names of GFP flags come from there.`);
  return first === undefined
    ? warn('not mounted: GFP flags are shown as numbers.', 'mount -t tracefs tracefs /sys/kernel/tracing')
    : warn(
        `${where}, but cannot be read: GFP flags are shown as numbers.`,
        'Only root may read it, and under lockdown=confidentiality nobody.',
      );
}

function askKernel(): GfpNames {
  try {
    const types = kernelTypes();
    if (gfpFlags(types, [])) return 'btf';
    return gfpFlags(types) ? 'tracefs' : 'nobody';
  } catch {
    return 'btf'; // Without BTF it is not this that is missing.
  }
}
