// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../errors.ts';
import { type BooksReport, booksReport } from '../event/books-report.ts';
import { type CompactionEvent, isCompaction } from '../event/event.ts';
import type { SinkBooks } from '../event/sink.ts';
import { thisHost } from '../event/this-host.ts';
import { limitationsOf } from '../live/limitations.ts';
import type { LiveSource } from '../live/live-source.ts';
import { openLiveSource } from '../live/open.ts';
import { giveUpPrivileges } from '../live/privileges.ts';
import type { Message } from '../messages/message.ts';
import { type CompactionsOptions, checkOptions, type Settings } from './options.ts';

/** Beyond so many events that the loop has not taken, further ones stay in the kernel's ring. */
const MAX_WAITING = 100;

/** The compactions of this host, for one `for await` loop. */
export interface Compactions extends AsyncIterable<CompactionEvent> {
  /** The accounting of every compaction, exact when the loop has ended. Before it has begun, nothing was counted. */
  books(): BooksReport;
}

/**
 * The memory compactions of this host, as they happen.
 *
 * ```js
 * import { compactions } from 'compactstall';
 *
 * for await (const event of compactions({ triggers: ['direct'], minDuration: '10ms', signal })) {
 *   console.log(event.executable, event.durationNano / 1e6, 'ms');
 * }
 * ```
 *
 * The BPF programs are attached when the loop begins, and detached when it ends: by `signal`, `break` or an error. A loop that
 * is slow loses nothing while the kernel's ring has room. What does not fit is counted, and so is what an early end leaves.
 *
 * The process needs root, or the capabilities in docs/deploy.md. It keeps its rights, unless `user` is given.
 *
 * Throws a `UserError` at the call for a wrong option. The loop throws a `HostError` where this host cannot run it, and an
 * `InstallError` where a part of the package is missing. Each has the exit code that the command would have, and a message that
 * says what to do.
 */
export function compactions(options: CompactionsOptions = {}): Compactions {
  return new LiveCompactions(checkOptions(options));
}

class LiveCompactions implements Compactions {
  readonly #settings: Settings;
  /** The events that the loop has not taken. */
  #waiting: CompactionEvent[] = [];
  readonly #loop: SinkBooks = { accepted: 0, exported: 0, queued: 0, dropped: {} };
  #source: LiveSource | undefined;
  #begun = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  books(): BooksReport {
    const source = this.#source?.books() ?? { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
    return booksReport(source, [{ name: 'the loop', books: this.#loop }]);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<CompactionEvent, void, undefined> {
    const left = new AbortController();
    const loop = this.#events(left.signal);
    return {
      next: () => loop.next(),
      // A stream that is destroyed waits for an event. The generator alone would go on until one comes.
      return: () => {
        left.abort();
        return loop.return();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** @param left aborted when the loop is left */
  async *#events(left: AbortSignal): AsyncGenerator<CompactionEvent, void, undefined> {
    if (this.#begun) throw usageError('these compactions are in a loop already; call compactions() for another.');
    this.#begun = true;
    const { signal } = this.#settings;
    if (signal?.aborted) return;
    const source = await this.#open();
    this.#source = source;
    let news = Promise.withResolvers<void>();
    const wake = () => news.resolve();
    signal?.addEventListener('abort', wake);
    left.addEventListener('abort', wake);
    // It ends with stop().
    void source.run((events) => {
      const compactions = events.filter(isCompaction);
      this.#loop.accepted += compactions.length;
      this.#loop.queued += compactions.length;
      this.#waiting.push(...compactions);
      if (this.#waiting.length >= MAX_WAITING) source.pause();
      wake();
    });
    let stopped = false;
    try {
      while (!signal?.aborted && !left.aborted) {
        yield* this.#take();
        source.resume();
        await news.promise;
        news = Promise.withResolvers();
      }
      stopped = true;
      await source.stop();
      yield* this.#take();
    } finally {
      signal?.removeEventListener('abort', wake);
      if (!stopped) await source.stop();
      if (this.#loop.queued > 0) this.#loop.dropped.closed = this.#loop.queued;
      this.#loop.queued = 0;
      await source.close();
    }
  }

  /** Hands over what is waiting, also what comes meanwhile. */
  *#take(): Generator<CompactionEvent> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const event of batch) {
        this.#loop.queued -= 1;
        this.#loop.exported += 1;
        yield event;
      }
    }
  }

  async #open(): Promise<LiveSource> {
    const { pid, minDurationNs, triggers, stacks, services, context, ringBytes, proberUser, user } = this.#settings;
    const { onAttached, onWarning } = this.#settings;
    const warn = ({ text, code }: Message) => onWarning(text, code);
    const source = await openLiveSource({
      ...(pid !== undefined && { pid }),
      minDurationNs,
      triggers,
      context,
      host: thisHost(process.env),
      ...(stacks && { stackMinDurationNs: 0 }),
      ringBytes,
      runTimeStats: false,
      compactionsOnly: true,
      ...((services || context !== 'off') && { prober: { services, user: proberUser, warn } }),
    });
    try {
      if (user) await giveUpPrivileges(user, warn);
      for (const limitation of limitationsOf(source.attachment, stacks)) warn(limitation);
      onAttached(source.attachment.plan.name);
      return source;
    } catch (error) {
      // Of the caller's functions.
      await source.close();
      throw error;
    }
  }
}
