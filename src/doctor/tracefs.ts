// SPDX-License-Identifier: Apache-2.0
import { gfpFlags } from '../kernel/gfp-flags.ts';
import { type Finding, ok, warn } from './check.ts';
import { MOUNTINFO, mountPoints, whereMounted } from './mounts.ts';
import { kernelTypes } from './types.ts';

/** The source of the names of GFP flags: the kernel's BTF from 6.10 on; before, tracefs, where it is readable. */
type GfpNames = 'btf' | 'tracefs' | 'nowhere';

/** Whether tracefs is mounted. Names on older kernels need it, and so does the kprobe plan (see the `plan` check). */
export function tracefs(mountinfo = MOUNTINFO, gfpNames = askKernel): Finding {
  const source = gfpNames();
  const points = mountPoints('tracefs', mountinfo);
  const where = whereMounted(points, mountinfo);
  if (source === 'btf') return ok(`${where}; on this kernel the names of GFP flags do not need it.`);
  if (source === 'tracefs') return ok(`${where}; it provides the names of GFP flags.`);
  if (points?.length === 0) {
    return warn('not mounted: GFP flags are shown as numbers.', 'mount -t tracefs tracefs /sys/kernel/tracing');
  }
  return warn(
    points === undefined
      ? `${where}: GFP flags are shown as numbers.`
      : `${where}, but cannot be read: GFP flags are shown as numbers.`,
    'Only root can read it; under lockdown=confidentiality nobody can.',
  );
}

function askKernel(): GfpNames {
  try {
    const types = kernelTypes();
    if (gfpFlags(types, [])) return 'btf';
    return gfpFlags(types) ? 'tracefs' : 'nowhere';
  } catch {
    return 'btf'; // Without BTF the `btf` check fails; this one need not warn.
  }
}
