// SPDX-License-Identifier: Apache-2.0
import { type UserError, usageError } from '../errors.ts';
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

  add(event: CompactionEvent): void {
    const host = hostOf(event.host);
    const key = host?.names.join() ?? '';
    let of = this.#byHost.get(key);
    if (!of) {
      of = { host: host ?? ownHost(), stalls: new Stalls() };
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
    const named = wanted === undefined ? undefined : all.find(({ host }) => host.names.includes(wanted));
    if (named) return named;
    if (all.length > 1) throw this.#unclear(wanted);
    const { host, stalls } = all[0] ?? { host: ownHost(), stalls: new Stalls() };
    return { host: wanted === undefined ? host : { names: [...host.names, wanted] }, stalls };
  }

  #unclear(wanted: string | undefined): UserError {
    const names = [...this.#byHost.values()].map(({ host }) => host.names[0] ?? 'an unknown one');
    const some = `${names.slice(0, NAMED).map(printable).join(', ')}${names.length > NAMED ? ', ...' : ''}`;
    const of = `the recording has stalls of ${names.length} hosts (${some})`;
    return usageError(
      wanted === undefined
        ? `${of}, and correlate looks at those of one. Choose it with --host.`
        : `--host: ${of}, and none of them is called ${printable(wanted)}.`,
    );
  }
}
