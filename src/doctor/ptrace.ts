// SPDX-License-Identifier: Apache-2.0
import { lackingCapabilities } from '../host/capabilities.ts';
import { hiddenKernelFile } from '../host/kernel-file.ts';
import { foreignMemoryClosed, NO_FOREIGN_MEMORY, PTRACE_SCOPE, ptraceScope } from '../host/ptrace-scope.ts';
import { type Finding, ok, warn } from './check.ts';

/** Whether Yama lets the prober read the memory of other processes. Up to 2 it lets a process with CAP_SYS_PTRACE. */
export function ptraceScopeCheck(path = PTRACE_SCOPE, hidden = hiddenKernelFile): Finding {
  if (foreignMemoryClosed(path)) return warn(NO_FOREIGN_MEMORY.why, NO_FOREIGN_MEMORY.todo);
  const value = ptraceScope(path);
  if (value !== undefined) {
    const may = lackingCapabilities(['CAP_SYS_PTRACE']).length === 0;
    return ok(
      `${value}: ${may ? 'it does not matter, as this process has CAP_SYS_PTRACE' : 'it does not matter to a process with CAP_SYS_PTRACE'}.`,
    );
  }
  return ok(hidden(path) === undefined ? 'this kernel has no Yama.' : `unknown: ${path} is hidden from this process.`);
}
