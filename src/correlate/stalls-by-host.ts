// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../errors.ts';
import { type AgentEvent, isCompaction } from '../event/event.ts';
import { printable } from '../terminal.ts';
import { type Host, hostOf, ownHost } from './host.ts';
import { Stalls } from './stalls.ts';

/** Those that a message names. */
const NAMED = 5;

export interface OfHost {
  host: Host;
  stalls: Stalls;
  /** Compactions of which there is only the number. */
  notRecorded: number;
}

/** The stalls of a recording by host: the same pid on two hosts is not the same process. */
export class StallsByHost {
  readonly #byHost = new Map<string, OfHost>();
  readonly #own = ownHost();
  /** Compactions that are not recorded, and may be of any host. */
  #notRecorded = 0;

  add(event: AgentEvent): void {
    if (!isCompaction(event) && event.host === undefined) {
      this.#notRecorded += event.count;
      return;
    }
    const host = hostOf(event.host) ?? this.#own;
    const key = JSON.stringify(host.names);
    let of = this.#byHost.get(key);
    if (!of) {
      of = { host, stalls: new Stalls(), notRecorded: 0 };
      this.#byHost.set(key, of);
    }
    if (isCompaction(event)) of.stalls.add(event);
    else of.notRecorded += event.count;
  }

  /**
   * Those of one host.
   *
   * @param wanted its name or id. Where the recording has a single host it may be another one: that by which spans call it
   * @throws UserError where it is not clear which one is meant
   */
  choose(wanted: string | undefined): OfHost {
    const { notRecorded, ...of } = this.#choose(wanted);
    return { ...of, notRecorded: notRecorded + this.#notRecorded };
  }

  #choose(wanted: string | undefined): OfHost {
    const all = [...this.#byHost.values()];
    const named = all.filter(({ host }) => wanted !== undefined && host.names.includes(wanted));
    if (named.length === 1) return named[0]!;
    if (wanted !== undefined && named.length > 1) {
      const some = hostsIn(named, ({ names }) => names.join(' '));
      throw usageError(`--host: ${some} that are called ${printable(wanted)}. Choose one by its host.id.`);
    }
    if (all.length > 1) {
      throw usageError(
        wanted === undefined
          ? `${hostsIn(all)}, and correlate looks at those of one. Choose it with --host.`
          : `--host: ${hostsIn(all)}, and none of them is called ${printable(wanted)}.`,
      );
    }
    const { host, ...of } = all[0] ?? { host: this.#own, stalls: new Stalls(), notRecorded: 0 };
    return { host: wanted === undefined ? host : { names: [wanted] }, ...of };
  }
}

function hostsIn(all: readonly OfHost[], shown = ({ names }: Host) => names[0] ?? 'an unknown one'): string {
  const some = all.slice(0, NAMED).map(({ host }) => printable(shown(host)));
  return `the recording has stalls of ${all.length} hosts (${some.join(', ')}${all.length > NAMED ? ', ...' : ''})`;
}
