// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The end of a run: after its duration, on a signal, or when an output is closed. A second signal ends the process at once. */
export class Shutdown {
  readonly reached: Promise<void>;
  /** Whether an output failed. */
  failed = false;
  #resolve!: () => void;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of SIGNALS) {
      if (signal === 'SIGHUP' && hangUpIgnored()) continue;
      process.on(signal, () => {
        if (this.#ended) process.exit(128 + constants.signals[signal]);
        this.end();
      });
    }
  }

  /** Ends the run this long after the call. */
  after(milliseconds: number): void {
    this.#timer = setTimeout(() => this.end(), milliseconds);
  }

  end(failed = false): void {
    this.failed ||= failed;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#resolve();
  }
}

/** Whether SIGHUP is ignored, as nohup arranges; a handler would undo that. */
function hangUpIgnored(): boolean {
  const ignored = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return (Number.parseInt(ignored ?? '0', 16) & 1) === 1;
}
