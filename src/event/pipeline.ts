// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { NamedSinkBooks } from './books.ts';
import type { AgentEvent } from './event.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';

/** The time that the sinks have to deliver what is queued when the agent ends. */
const CLOSE_MS = 5000;
const SAY_AFTER_MS = 500;
/** How long to wait, after the end of a recording, for a collector that takes nothing: longer than the time between two retries. */
const STALLED_MS = 90_000;
const LOOK_MS = 20;

export interface PipelineOptions {
  /** Called with every batch, before the sinks. */
  onEvents?: (events: readonly AgentEvent[]) => void;
  /** Called when the sinks take a while to deliver what is queued; they have `milliseconds` left. */
  onWaiting?: (milliseconds: number) => void;
  /** Called when the sinks take a while to deliver what is queued at the end of a recording; `stalledMs` is how long one may take nothing. */
  onDelivering?: (queued: number, stalledMs: number) => void;
  /** Replaces STALLED_MS. */
  stalledMs?: number;
}

/** Sends a source's events to every sink until the source ends or is stopped. */
export class Pipeline {
  readonly #source: Source;
  readonly #sinks: readonly Sink[];
  readonly #options: PipelineOptions;

  constructor(source: Source, sinks: readonly Sink[], options: PipelineOptions = {}) {
    this.#source = source;
    this.#sinks = sinks;
    this.#options = options;
  }

  /** Runs until the source ends or `shutdown` resolves. Afterwards everything is delivered or counted. */
  async run(shutdown: Promise<void>): Promise<void> {
    let stopped = false;
    const stop = shutdown.then(() => {
      stopped = true;
    });
    try {
      await Promise.race([
        this.#source.run(
          (events) => this.#deliver(events),
          () => this.#room(),
        ),
        stop,
      ]);
      if (!stopped) await this.#delivery(() => stopped);
    } finally {
      await this.#source.stop();
      const waiting = setTimeout(() => this.#options.onWaiting?.(CLOSE_MS - SAY_AFTER_MS), SAY_AFTER_MS);
      await Promise.all(this.#sinks.map((sink) => sink.close(CLOSE_MS)));
      clearTimeout(waiting);
    }
  }

  books(): NamedSinkBooks[] {
    return this.#sinks.map((sink) => ({ name: sink.name, books: sink.books() }));
  }

  /** Whether the last delivery of some output did not fail; true without outputs. */
  get canDeliver(): boolean {
    return this.#sinks.length === 0 || this.#sinks.some(({ isFailing }) => !isFailing);
  }

  /** Whether some output hangs. */
  get isStuck(): boolean {
    return this.#sinks.some(({ isStuck }) => isStuck);
  }

  #deliver(events: readonly AgentEvent[]): void {
    this.#options.onEvents?.(events);
    for (const sink of this.#sinks) sink.write(events);
  }

  async #room(): Promise<number> {
    let fit = Number.POSITIVE_INFINITY;
    for (const sink of this.#sinks) fit = Math.min(fit, await sink.room());
    return fit;
  }

  /**
   * After the end of a recording: waits until everything is delivered. A reader of a pipe may take its time, as it may with
   * any command; a collector that takes nothing for long is given up.
   */
  async #delivery(stopped: () => boolean): Promise<void> {
    const { onDelivering, stalledMs = STALLED_MS } = this.#options;
    const saying = setTimeout(() => onDelivering?.(this.#queued(), stalledMs), SAY_AFTER_MS);
    let least = Number.POSITIVE_INFINITY;
    let sinceMs = performance.now();
    for (let queued = this.#queued(); queued > 0 && !stopped(); queued = this.#queued()) {
      if (queued < least) sinceMs = performance.now();
      least = queued;
      const onlyCollectors = this.#queued(({ destination }) => destination === undefined) === 0;
      if (onlyCollectors && performance.now() - sinceMs > stalledMs) break;
      await sleep(LOOK_MS);
    }
    clearTimeout(saying);
  }

  #queued(which: (sink: Sink) => boolean = () => true): number {
    return this.#sinks.filter(which).reduce((sum, sink) => {
      const { queued, spooled = 0 } = sink.books();
      return sum + queued + spooled;
    }, 0);
  }
}
