// SPDX-License-Identifier: Apache-2.0

import { hiddenKernelFile } from '../host/kernel-file.ts';
import { NO_PROBE_READS } from '../host/limitations.ts';
import { LOCKDOWN_FILE, lockdownMode } from '../host/lockdown.ts';
import { type Finding, ok, warn } from './check.ts';
import { MOUNTINFO, mountPoints } from './mounts.ts';

/** Whether lockdown is in the way. At most a warning: the `attach` check shows whether the programs load. */
export function lockdown(
  paths = { lockdown: LOCKDOWN_FILE, mountinfo: MOUNTINFO },
  hidden = hiddenKernelFile,
): Finding {
  switch (lockdownMode(paths.lockdown)) {
    case 'none':
      return ok('none: the kernel is not locked down.');
    case 'integrity':
      return ok('integrity: BPF programs may still read kernel memory.');
    case 'confidentiality':
      return warn(NO_PROBE_READS.why, NO_PROBE_READS.todo);
    default:
      if (hidden(paths.lockdown) !== undefined) {
        return ok(`unknown: ${paths.lockdown} is hidden from this process; attach shows whether the programs load.`);
      }
      switch (mountPoints('securityfs', paths.mountinfo)?.length) {
        case undefined:
          return ok(`unknown: ${paths.mountinfo} cannot be read; attach shows whether the programs load.`);
        case 0:
          return ok('unknown: securityfs is not mounted; attach shows whether the programs load.');
        default:
          return ok('this kernel reports no lockdown.');
      }
  }
}
