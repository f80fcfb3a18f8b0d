// SPDX-License-Identifier: Apache-2.0
import type { NamedSinkBooks } from './books.ts';
import type { CompactionEvent } from './event.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';

/** The time that the sinks have to deliver what is queued when the agent ends. */
const CLOSE_MS = 5000;
const SAY_AFTER_MS = 500;

export interface PipelineHooks {
  /** Called with every batch, before the sinks. */
  onEvents?: (events: readonly CompactionEvent[]) => void;
  /** Called when the sinks take a while to deliver what is queued; they have `milliseconds` left. */
  onWaiting?: (milliseconds: number) => void;
}

/** Sends a source's events to every sink until the source ends or is stopped. */
export class Pipeline {
  readonly #source: Source;
  readonly #sinks: readonly Sink[];
  readonly #hooks: PipelineHooks;

  constructor(source: Source, sinks: readonly Sink[], hooks: PipelineHooks = {}) {
    this.#source = source;
    this.#sinks = sinks;
    this.#hooks = hooks;
  }

  /** Runs until the source ends or `shutdown` resolves. Afterwards everything is delivered or counted. */
  async run(shutdown: Promise<void>): Promise<void> {
    try {
      await Promise.race([
        this.#source.run(
          (events) => this.#deliver(events),
          () => this.#room(),
        ),
        shutdown,
      ]);
    } finally {
      await this.#source.stop();
      const waiting = setTimeout(() => this.#hooks.onWaiting?.(CLOSE_MS - SAY_AFTER_MS), SAY_AFTER_MS);
      await Promise.all(this.#sinks.map((sink) => sink.close(CLOSE_MS)));
      clearTimeout(waiting);
    }
  }

  books(): NamedSinkBooks[] {
    return this.#sinks.map((sink) => ({ name: sink.name, books: sink.books() }));
  }

  #deliver(events: readonly CompactionEvent[]): void {
    this.#hooks.onEvents?.(events);
    for (const sink of this.#sinks) sink.write(events);
  }

  async #room(): Promise<void> {
    for (const sink of this.#sinks) await sink.room();
  }
}
