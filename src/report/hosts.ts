// SPDX-License-Identifier: Apache-2.0
import type { EventHost } from '../event/event.ts';
import { cutHost } from './cut.ts';
import { MAX_HOSTS } from './data.ts';

/** Numbers of hosts, in the order in which they come. */
export class Hosts {
  readonly rows: EventHost[] = [];
  readonly #numbers = new Map<string, number>();
  /** The events of one source share their host. */
  readonly #recent = new WeakMap<EventHost, number>();

  /** undefined for no host, and for hosts beyond the numbered ones. */
  numberOf(host: EventHost | undefined): number | undefined {
    if (host === undefined) return undefined;
    const recent = this.#recent.get(host);
    if (recent !== undefined) return recent;
    const row = cutHost(host);
    const key = JSON.stringify(row);
    if (!this.#numbers.has(key) && this.rows.length < MAX_HOSTS) this.#numbers.set(key, this.rows.push(row) - 1);
    const number = this.#numbers.get(key);
    if (number !== undefined) this.#recent.set(host, number);
    return number;
  }
}
