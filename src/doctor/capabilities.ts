// SPDX-License-Identifier: Apache-2.0
import {
  type Capability,
  type CapabilityPaths,
  capabilitiesKnown,
  inOwnUserNamespace,
  LEAVE_USER_NAMESPACE,
  lackingCapabilities,
  privilegeError,
} from '../host/capabilities.ts';
import { type Finding, fail, ok, warn } from './check.ts';

/** The purpose of each optional capability. */
const OPTIONAL: Readonly<Partial<Record<Capability, string>>> = {
  CAP_SYSLOG: 'names of kernel symbols in stacks',
  CAP_SYS_PTRACE: 'services, executables and spans of other processes',
  CAP_DAC_READ_SEARCH: 'services and spans of processes of other users',
  CAP_CHECKPOINT_RESTORE: 'spans of processes whose libraries an upgrade has replaced',
};

const UNKNOWN = 'unknown: /proc/self/status cannot be read; attach shows whether the programs load.';

/** The capabilities that `run` cannot do without. */
export function capabilities(paths?: CapabilityPaths): Finding {
  const error = privilegeError(paths);
  if (error !== undefined) return fail(error.why, error.todo);
  if (!capabilitiesKnown(paths)) return ok(UNKNOWN);
  const own = lackingCapabilities(['CAP_BPF', 'CAP_PERFMON'], paths).length === 0;
  return ok(own ? 'CAP_BPF and CAP_PERFMON are effective.' : 'CAP_SYS_ADMIN is effective, which is enough.');
}

/** The capabilities that add detail. */
export function optionalCapabilities(paths?: CapabilityPaths): Finding {
  const names = Object.keys(OPTIONAL) as Capability[];
  if (!capabilitiesKnown(paths)) return ok(UNKNOWN);
  const countForNothing = inOwnUserNamespace(paths);
  const lacking = countForNothing ? names : lackingCapabilities(names, paths);
  if (lacking.length === 0) return ok(`${names.join(', ')} are effective.`);
  const purposes = lacking.map((name) => `${name} (${OPTIONAL[name]})`);
  return warn(`without ${purposes.join(', ')}.`, countForNothing ? LEAVE_USER_NAMESPACE : 'Grant those that you need.');
}
