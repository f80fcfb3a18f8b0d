// SPDX-License-Identifier: Apache-2.0

import { NO_PROBE_READS } from '../host/limitations.ts';
import { LOCKDOWN_FILE, lockdownMode } from '../host/lockdown.ts';
import { type Finding, ok, warn } from './check.ts';
import { MOUNTINFO, mountPoints } from './mounts.ts';

/** Whether lockdown stands in the way. A warning at most: whether the programs load is for `attach` to say. */
export function lockdown(paths = { lockdown: LOCKDOWN_FILE, mountinfo: MOUNTINFO }): Finding {
  switch (lockdownMode(paths.lockdown)) {
    case 'none':
      return ok('none: the kernel is not locked down.');
    case 'integrity':
      return ok('integrity: BPF programs may read kernel memory all the same.');
    case 'confidentiality':
      return warn(NO_PROBE_READS.why, NO_PROBE_READS.todo);
    default:
      return mountPoints('securityfs', paths.mountinfo).length > 0
        ? ok('this kernel does not say that it is locked down.')
        : ok('unknown: securityfs is not mounted; attach tells whether the programs load.');
  }
}
