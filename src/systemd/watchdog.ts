// SPDX-License-Identifier: Apache-2.0

/**
 * Feeds the service manager's watchdog only while the run makes progress. Each round asks the run to do everything once, and only a round that succeeds is a beat. When something hangs, the beats end, and the manager restarts the agent.
 */
export class Watchdog {
  readonly #intervalMs: number;
  readonly #works: () => Promise<boolean>;
  readonly #beat: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param intervalMs the pause between two rounds
   * @param works does everything once. Resolves to whether all is well, and not at all where something hangs
   */
  constructor(intervalMs: number, works: () => Promise<boolean>, beat: () => void) {
    this.#intervalMs = intervalMs;
    this.#works = works;
    this.#beat = beat;
    this.#pause();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #pause(): void {
    this.#timer = setTimeout(() => void this.#round(), this.#intervalMs);
  }

  async #round(): Promise<void> {
    const isWell = await this.#works();
    if (this.#isClosed) return;
    if (isWell) this.#beat();
    this.#pause();
  }
}
