// SPDX-License-Identifier: Apache-2.0
/** Ends all that has been started or made, in reverse order, whatever state it is in. */
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
    // One that Ctrl-C has already ended throws.
    for (let next = this.#started.pop(); next; next = this.#started.pop()) await next.stop().catch(() => {});
  }
}
