// SPDX-License-Identifier: Apache-2.0

/** At most one line for this long. */
const PERIOD_MS = 5000;

/** A line that is sent again when it has changed. Nothing runs while nothing changes. */
export class StatusLine {
  readonly #text: () => string;
  readonly #send: (text: string) => void;
  #sent = '';
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(text: () => string, send: (text: string) => void) {
    this.#text = text;
    this.#send = send;
  }

  /** Something has happened that may change it. */
  changed(): void {
    if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#periodOver(), PERIOD_MS);
  }

  /** Sends it if it has changed. @returns whether it has */
  renew(): boolean {
    const text = this.#text();
    if (text === this.#sent) return false;
    this.#sent = text;
    this.#send(text);
    return true;
  }

  /** Sends the last one. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.renew();
  }

  #periodOver(): void {
    this.#timer = undefined;
    // A queue empties without another event.
    if (this.renew()) this.changed();
  }
}
