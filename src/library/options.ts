// SPDX-License-Identifier: Apache-2.0
import { parseDuration } from '../durations.ts';
import { usageError } from '../errors.ts';
import { TRIGGERS, type Trigger } from '../event/event.ts';
import { RELATIONS_WANTED, type RelationWanted } from '../event/relation.ts';
import { processExists } from '../host/process-exists.ts';
import { findUser, NOBODY, type UserIds } from '../host/users.ts';
import { DEFAULT_RING_BYTES, isRingSize } from '../live/open.ts';

/** What `compactions` takes. Every filter is applied in the kernel, and what it leaves out is counted in the books. */
export interface CompactionsOptions {
  /** Only these triggers; all by default. */
  triggers?: readonly Trigger[];
  /** Only compactions that took at least this long: a number with its unit, such as `500us` or `10ms`. */
  minDuration?: string;
  /** Only stalls of this process. */
  pid?: number;
  /** Whether events have kernel stacks; true by default. */
  stacks?: boolean;
  /**
   * Whether to find out which service stalls; true by default. It takes a small process that may read others' memory, the
   * prober, as it does for the command.
   */
  services?: boolean;
  /** How a stall relates to the application's active span, as `--context` of the command: `child` by default. Needs the prober. */
  context?: RelationWanted;
  /** Bytes of the kernel's ring buffer, a power of two; 4 MiB by default. It holds what the loop has not taken yet. */
  ringBytes?: number;
  /**
   * Gives up this process's rights once everything is attached: root becomes this user (a name, `UID` or `UID:GID`), and no
   * capability is left. Without it, the process keeps the rights that it has.
   */
  user?: string;
  /** Ends the loop, without an error, after what was recorded until then. */
  signal?: AbortSignal;
  /** Called once, when compactions are recorded; with the way to attach, such as `tp_btf`. */
  onAttached?: (plan: string) => void;
  /** Receives sentences about what this process cannot see of the host, and the code of each, as docs/troubleshooting.md lists it. */
  onWarning?: (sentence: string, code: string) => void;
}

/** The options, checked and complete. */
export interface Settings {
  triggers: readonly Trigger[];
  minDurationNs: number;
  pid: number | undefined;
  stacks: boolean;
  services: boolean;
  context: RelationWanted;
  ringBytes: number;
  proberUser: UserIds;
  user: UserIds | undefined;
  signal: AbortSignal | undefined;
  onAttached: (plan: string) => void;
  onWarning: (sentence: string, code: string) => void;
}

const NAMES: Readonly<Record<keyof CompactionsOptions, true>> = {
  triggers: true,
  minDuration: true,
  pid: true,
  stacks: true,
  services: true,
  context: true,
  ringBytes: true,
  user: true,
  signal: true,
  onAttached: true,
  onWarning: true,
};

/** Checks what a caller in JavaScript may get wrong as well. Throws a usage error that names the option. */
export function checkOptions(options: CompactionsOptions): Settings {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) {
    throw usageError(
      `compactions: there is no option '${unknown}'; expected some of ${Object.keys(NAMES).join(', ')}.`,
    );
  }
  const { triggers = TRIGGERS, pid, context = 'child', ringBytes = DEFAULT_RING_BYTES, minDuration, user } = options;
  const wrong = triggers.find((trigger) => !TRIGGERS.includes(trigger));
  if (wrong !== undefined) {
    throw usageError(`triggers: '${wrong}' is not a trigger; expected some of ${TRIGGERS.join(', ')}.`);
  }
  if (!RELATIONS_WANTED.includes(context)) {
    throw usageError(`context: '${context}' is not known; expected one of ${RELATIONS_WANTED.join(', ')}.`);
  }
  if (!isRingSize(ringBytes)) {
    throw usageError(`ringBytes: ${ringBytes} is not a power of two from 4096 to 1073741824.`);
  }
  if (pid !== undefined && !(Number.isInteger(pid) && pid > 0 && processExists(pid, '/proc'))) {
    throw usageError(`pid: there is no process ${pid}. ps -e lists the processes.`);
  }
  const ids = user === undefined ? undefined : findUser(user);
  if (user !== undefined && !ids) {
    throw usageError(`user: there is no user '${user}' in /etc/passwd; expected a name from there, UID or UID:GID.`);
  }
  return {
    triggers,
    minDurationNs: minDuration === undefined ? 0 : parseDuration(minDuration, 'minDuration'),
    pid,
    stacks: options.stacks ?? true,
    services: options.services ?? true,
    context,
    ringBytes,
    proberUser: ids ?? NOBODY,
    user: ids,
    signal: options.signal,
    onAttached: options.onAttached ?? (() => {}),
    onWarning: options.onWarning ?? (() => {}),
  };
}
