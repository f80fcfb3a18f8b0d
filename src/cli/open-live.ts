// SPDX-License-Identifier: Apache-2.0
import { EXIT, UserError } from '../errors.ts';
import type { LiveOptions, LiveSource } from '../source/live.ts';
import { seesInitialPids } from '../source/processes.ts';
import type { Messages } from './messages.ts';

const HIDDEN_SYMBOLS =
  'the kernel hides its symbols from this process: stacks show addresses. It takes CAP_SYSLOG, and kernel.kptr_restrict below 2.';
const NO_PROBE_READS =
  'this kernel forbids probe reads (lockdown=confidentiality): free pages are the sum of the free lists, and zones are named by their kind.';
const OTHER_PIDS =
  "this is a PID namespace of its own (a container without the host's PIDs): pids are those of the host, and executables are not known.";

/** Some 10 000 records; the agent's memory grows by twice as much, as the ring is mapped twice. */
export const DEFAULT_RING_BYTES = 4 * 1024 * 1024;

/**
 * Loads and attaches the BPF programs. The addon is imported here and not before: --help and --version must work where it does not
 * load. Throws a UserError that says what is missing.
 */
export async function openLiveSource(options: LiveOptions): Promise<LiveSource> {
  let live: typeof import('../source/live.ts');
  try {
    live = await import('../source/live.ts');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ADDON_MISSING') throw error;
    throw new UserError(EXIT.FAILURE, `${(error as Error).message} ./setup.sh does all of it.`);
  }
  return new live.LiveSource(options);
}

/** What this process may not see of the host, once: rows and stacks without it look as if it were not there. */
export function sayWhatIsHidden(source: LiveSource, stacks: boolean, messages: Messages): void {
  if (stacks && !source.symbols.available) messages.say(HIDDEN_SYMBOLS);
  if (source.plan.directLoads) messages.say(NO_PROBE_READS);
  if (!seesInitialPids()) messages.say(OTHER_PIDS);
}
