// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { Pipeline } from '../../../src/event/pipeline.ts';
import { Recording } from '../../../src/event/recording.ts';
import type { Sink, SinkBooks } from '../../../src/event/sink.ts';
import type { Source } from '../../../src/event/source.ts';
import { jsonLine } from '../../../src/sinks/text/json.ts';
import { events, temporaryFolder } from '../fixtures.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';
import { sinkTo } from '../sinks/otlp/sink-to.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** A sink that stays full: it takes no events, and counts them. */
class FullSink implements Sink {
  readonly name = 'full';
  readonly isFailing = false;
  readonly isStuck = false;
  readonly #waiters: (() => void)[] = [];
  readonly #books: SinkBooks = { accepted: 0, exported: 0, queued: 0, dropped: { queue_full: 0 } };

  write(events: readonly CompactionEvent[]): void {
    this.#books.accepted += events.length;
    this.#books.dropped.queue_full! += events.length;
  }

  room = () => new Promise<number>((resolve) => this.#waiters.push(() => resolve(1)));
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
    const waiting: Sink = Object.assign(new FullSink(), { room: async () => steps.push('room') });
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

/** A sink that delivers one event whenever it is told to, and notes what was queued when it was closed. */
class SlowSink implements Sink {
  readonly name = 'slow';
  isFailing = false;
  isStuck = false;
  readonly destination = 'http://collector';
  readonly #books: SinkBooks = { accepted: 0, exported: 0, queued: 0, dropped: {} };
  queuedAtClose: number | undefined;

  write(events: readonly CompactionEvent[]): void {
    this.#books.accepted += events.length;
    this.#books.queued += events.length;
  }

  deliver(): void {
    this.#books.queued--;
    this.#books.exported++;
  }

  room = async () => Number.POSITIVE_INFINITY;
  close = async () => {
    this.queuedAtClose = this.#books.queued;
    this.#books.dropped.shutdown = this.#books.queued;
    this.#books.queued = 0;
  };
  books = () => this.#books;
}

/** A source that ends at once, after three events. */
const short: Source = {
  run: async (onEvents) => onEvents([EVENT, EVENT, EVENT]),
  stop: async () => {},
  books: () => BOOKS,
};

describe('the end of a recording', () => {
  it('is not the end of the delivery', async () => {
    const sink = new SlowSink();
    const said: number[] = [];
    const pipeline = new Pipeline(short, [sink], {
      onDelivering: (queued) => {
        said.push(queued);
        for (let i = 0; i < 3; i++) sink.deliver();
      },
    });
    await pipeline.run(new Promise(() => {}));
    assert.equal(sink.queuedAtClose, 0);
    assert.deepEqual(said, [3]);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 3, queued: 0, dropped: { shutdown: 0 } });
  });

  it('ends the delivery when the collector makes no progress any more', async () => {
    const sink = new SlowSink();
    const run = new Pipeline(short, [sink], { stalledMs: 50 }).run(new Promise(() => {}));
    sink.deliver();
    await run;
    assert.deepEqual(sink.books(), { accepted: 3, exported: 1, queued: 0, dropped: { shutdown: 2 } });
  });

  it('can be cut short', async () => {
    const sink = new SlowSink();
    const shutdown = Promise.withResolvers<void>();
    await new Pipeline(short, [sink], { onDelivering: () => shutdown.resolve() }).run(shutdown.promise);
    assert.deepEqual(sink.books(), { accepted: 3, exported: 0, queued: 0, dropped: { shutdown: 3 } });
  });

  for (const queueSize of [1, 7, 255, 511]) {
    it(`a queue of ${queueSize} spans: the recording waits, and nothing is dropped`, async (t) => {
      const server = await startGrpcServer(t);
      const path = temporaryFolder(t)('recording.jsonl');
      writeFileSync(
        path,
        events(queueSize === 1 ? 30 : 1000)
          .map(jsonLine)
          .join(''),
      );
      const { sink } = await sinkTo(server.port, { OTEL_BSP_SCHEDULE_DELAY: '0' }, { queueSize });
      const recording = Recording.open('replay', path, () => {});
      await new Pipeline(recording, [sink]).run(new Promise(() => {}));
      const { decoded } = recording.books();
      assert.deepEqual(sink.books(), { accepted: decoded, exported: decoded, queued: 0, dropped: {} });
      assert.equal(server.spans.length, queueSize === 1 ? 30 : 1000);
    });
  }
});

describe('an output that fails', () => {
  it('leaves the pipeline able to deliver as long as another does not', () => {
    const source: Source = { run: async () => {}, stop: async () => {}, books: () => BOOKS };
    const sinks = [new SlowSink(), new SlowSink()];
    const pipeline = new Pipeline(source, sinks);
    const seen = sinks.map((sink) => {
      sink.isFailing = true;
      return pipeline.canDeliver;
    });
    assert.deepEqual(seen, [true, false]);
    assert.ok(new Pipeline(source, []).canDeliver);
  });

  it('and hangs makes the pipeline stuck, whatever the others do', () => {
    const source: Source = { run: async () => {}, stop: async () => {}, books: () => BOOKS };
    const sinks = [new SlowSink(), new SlowSink()];
    const pipeline = new Pipeline(source, sinks);
    assert.ok(!pipeline.isStuck);
    sinks[1]!.isStuck = true;
    assert.ok(pipeline.isStuck);
  });
});
