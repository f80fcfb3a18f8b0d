// SPDX-License-Identifier: Apache-2.0
import { readText } from '../host/setting-file.ts';
import { type Finding, ok, warn } from './check.ts';
import { MOUNTINFO, mountPoints } from './mounts.ts';

/**
 * The cgroup version. Records carry the id of the version 2 cgroup, bpf_get_current_cgroup_id().
 * @param cgroups of this process
 */
export function cgroup(mountinfo = MOUNTINFO, cgroups = '/proc/self/cgroup'): Finding {
  const [unified] = mountPoints('cgroup2', mountinfo) ?? [];
  const controllers = mountPoints('cgroup', mountinfo);
  if (controllers === undefined) return ok(`unknown: ${mountinfo} cannot be read.`);
  if (unified !== undefined && controllers.length === 0) return ok(`version 2 at ${unified}; records carry its ids.`);
  if (unified !== undefined) return ok(`version 1, and version 2 at ${unified}; records carry the ids of version 2.`);
  if (controllers.length === 0) return ok('not mounted: the cgroup ids of the records cannot be looked up here.');
  const own = readText(cgroups);
  if (own === undefined)
    return ok(`version 1 is mounted; unknown whether version 2 is in use: ${cgroups} is unreadable.`);
  // The kernel has this line where version 2 was ever mounted, in whichever mount namespace (cgrp_dfl_visible).
  if (/^0::/m.test(own)) {
    return ok(
      'version 1, and version 2, which is not mounted here: records carry the ids of version 2, which cannot be looked up here.',
    );
  }
  return warn(
    'version 1 only: all records carry the id of the root cgroup.',
    'If you need cgroup ids, mount version 2 (mount -t cgroup2 none /sys/fs/cgroup/unified) and use it.',
  );
}
