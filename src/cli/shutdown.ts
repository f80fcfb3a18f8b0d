// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Signals within this time of the end's beginning belong to it. One Ctrl-C is often two signals: the terminal signals the
 * process group, and npm, which is in it, passes the signal on. A service manager signals a group, too.
 */
const ONE_END_MS = 500;

/**
 * The end of a run: after its duration, on a signal, when the reader of standard output has gone, or when no output works
 * any more. A later signal ends the process at once.
 */
export class Shutdown {
  readonly reached: Promise<void>;
  /** Whether an output failed. */
  failed = false;
  #resolve!: () => void;
  #state: 'running' | 'ending' | 'impatient' = 'running';
  #timer: NodeJS.Timeout | undefined;

  /** @param takesHangUp whether SIGHUP is one of the signals */
  constructor(takesHangUp = true) {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of SIGNALS) {
      if (signal === 'SIGHUP' && !takesHangUp) continue;
      process.on(signal, () => {
        if (this.#state === 'impatient') process.exit(128 + constants.signals[signal]);
        this.end();
      });
    }
  }

  /** Ends the run this long after the call. */
  after(milliseconds: number): void {
    this.#timer = setTimeout(() => this.end(), milliseconds);
  }

  /** An output cannot be written any more. The run goes on while another output works. */
  outputFailed(othersWork: boolean): void {
    this.failed = true;
    if (!othersWork) this.end();
  }

  end(): void {
    if (this.#state !== 'running') return;
    this.#state = 'ending';
    clearTimeout(this.#timer);
    const impatient = () => {
      this.#state = 'impatient';
    };
    // An immediate comes after the signals that arrived while the event loop was blocked, as a detachment may do.
    setTimeout(() => setImmediate(impatient).unref(), ONE_END_MS).unref();
    this.#resolve();
  }
}
