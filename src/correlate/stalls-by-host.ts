// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../errors.ts';
import type { CompactionEvent } from '../event/event.ts';
import { printable } from '../terminal.ts';
import { type Host, hostOf, ownHost } from './host.ts';
import { Stalls } from './stalls.ts';

/** Those that a message names. */
const NAMED = 5;

export interface OfHost {
  host: Host;
  stalls: Stalls;
}

/** The stalls of a recording by host: the same pid on two hosts is not the same process. */
export class StallsByHost {
  readonly #byHost = new Map<string, OfHost>();
  readonly #own = ownHost();

  add(event: CompactionEvent): void {
    const host = hostOf(event.host) ?? this.#own;
    const key = JSON.stringify(host.names);
    let of = this.#byHost.get(key);
    if (!of) {
      of = { host, stalls: new Stalls() };
      this.#byHost.set(key, of);
    }
    of.stalls.add(event);
  }

  /**
   * Those of one host.
   *
   * @param wanted its name or id, which may be another than in the recording where that has a single host
   * @throws UserError where it is not clear which one is meant
   */
  choose(wanted: string | undefined): OfHost {
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
    const { host, stalls } = all[0] ?? { host: this.#own, stalls: new Stalls() };
    return { host: wanted === undefined ? host : { names: [...host.names, wanted] }, stalls };
  }
}

function hostsIn(all: readonly OfHost[], shown = ({ names }: Host) => names[0] ?? 'an unknown one'): string {
  const some = all.slice(0, NAMED).map(({ host }) => printable(shown(host)));
  return `the recording has stalls of ${all.length} hosts (${some.join(', ')}${all.length > NAMED ? ', ...' : ''})`;
}
