// SPDX-License-Identifier: Apache-2.0
/** What has been started or made, and how it ends: in the reverse order, and all of it, whatever state it is in. */
interface Startable {
  stop(): Promise<void>;
}

export class Shutdown {
  readonly #started: Startable[] = [];
  #over = false;

  get over(): boolean {
    return this.#over;
  }

  add(started: Startable): void {
    this.#started.push(started);
    if (this.#over) void started.stop().catch(() => {});
  }

  async now(): Promise<void> {
    this.#over = true;
    // One that Ctrl-C has ended already says so.
    for (let next = this.#started.pop(); next; next = this.#started.pop()) await next.stop().catch(() => {});
  }
}
