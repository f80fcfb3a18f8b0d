// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { Pipeline } from '../../../src/event/pipeline.ts';
import type { Sink, SinkBooks } from '../../../src/event/sink.ts';
import type { Source } from '../../../src/event/source.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** A sink that stays full: it takes no events, and counts them. */
class FullSink implements Sink {
  readonly name = 'full';
  readonly #waiters: (() => void)[] = [];
  readonly #books: SinkBooks = { accepted: 0, exported: 0, queued: 0, dropped: { queue_full: 0 } };

  write(events: readonly CompactionEvent[]): void {
    this.#books.accepted += events.length;
    this.#books.dropped.queue_full! += events.length;
  }

  room = () => new Promise<void>((resolve) => this.#waiters.push(resolve));
  close = async () => {};
  books = () => this.#books;
}

const EVENT = {} as CompactionEvent;
const BOOKS = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };

describe('a full sink', () => {
  it('does not make the pipeline keep events of a source that cannot wait', async () => {
    const batches: WeakRef<object>[] = [];
    const stopped = Promise.withResolvers<void>();
    const source: Source = {
      run: (onEvents) => {
        for (let i = 0; i < 100; i++) {
          const batch = [EVENT];
          batches.push(new WeakRef(batch));
          onEvents(batch);
        }
        return stopped.promise;
      },
      stop: async () => stopped.resolve(),
      books: () => BOOKS,
    };
    const shutdown = Promise.withResolvers<void>();
    const pipeline = new Pipeline(source, [new FullSink()]);
    const done = pipeline.run(shutdown.promise);
    await turn();
    gc();
    await turn();
    gc();
    const kept = batches.filter((batch) => batch.deref() !== undefined).length;
    assert.ok(kept <= 1, `${kept} of ${batches.length} batches are still in memory`);
    shutdown.resolve();
    await done;
    assert.equal(pipeline.books()[0]!.books.dropped.queue_full, 100);
  });

  it('is waited for by a source that can wait', async () => {
    const steps: string[] = [];
    const waiting: Sink = Object.assign(new FullSink(), { room: async () => void steps.push('room') });
    const source: Source = {
      run: async (onEvents, room) => {
        onEvents([EVENT]);
        await room();
        steps.push('next');
      },
      stop: async () => {},
      books: () => BOOKS,
    };
    await new Pipeline(source, [waiting]).run(new Promise(() => {}));
    assert.deepEqual(steps, ['room', 'next']);
  });
});
