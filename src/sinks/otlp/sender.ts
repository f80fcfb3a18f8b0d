// SPDX-License-Identifier: Apache-2.0
import type { AgentEvent } from '../../event/event.ts';
import type { Sink, SinkBooks } from '../../event/sink.ts';
import { excerpt } from '../../terminal.ts';
import { type Backoff, backoffMs, wish } from './backoff.ts';
import { Books } from './books.ts';
import type { Batch, Collector, Outcome } from './collector.ts';
import type { DeliveryMessages } from './delivery-messages.ts';
import { Queue } from './queue.ts';
import { MAX_REQUEST_BYTES, type RequestWriter } from './request-writer.ts';
import { type Patience, type Pending, SetAside } from './set-aside.ts';
import type { Settings } from './settings.ts';
import { Wait } from './wait.ts';

type Settled = Exclude<Outcome, { kind: 'retry' }>;

/**
 * The queue and the only loop that empties it. Batches go out strictly one after the other; each is repeated until the
 * collector accepts or refuses it, after a while behind the others. When the queue is empty nothing runs, not even a timer.
 */
export class Sender implements Sink {
  readonly name = 'otlp';
  readonly #queue = new Queue<AgentEvent>();
  readonly #books = new Books();
  readonly #settings: Settings;
  readonly #requests: RequestWriter;
  readonly #collector: Collector;
  readonly #messages: DeliveryMessages;
  readonly #backoff: Backoff;
  readonly #pause = new Wait();
  #waiters: (() => void)[] = [];
  /** Spans of the batch that is being sent. */
  #inFlight = 0;
  #loop: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #gaveUp = false;
  readonly #aside: SetAside;
  /** Failures since the collector last settled a batch. */
  #failures = 0;
  /** Whether the last batch came from those that are aside. */
  #wasAside = false;
  /** The largest request; less than a server's usual limit after a server refused one for its size. */
  #maxRequestBytes = MAX_REQUEST_BYTES;

  constructor(
    settings: Settings,
    requests: RequestWriter,
    collector: Collector,
    messages: DeliveryMessages,
    backoff: Backoff,
    patience: Patience,
  ) {
    this.#settings = settings;
    this.#requests = requests;
    this.#collector = collector;
    this.#messages = messages;
    this.#backoff = backoff;
    this.#aside = new SetAside(patience);
  }

  get destination(): string {
    return this.#messages.endpoint;
  }

  write(events: readonly AgentEvent[]): void {
    this.#books.accepted += events.length;
    const room = this.#closing ? 0 : Math.max(0, this.#settings.maxQueue - this.#queued);
    for (let i = 0; i < events.length && i < room; i++) this.#queue.push(events[i]!);
    if (events.length > room) {
      this.#books.drop(this.#closing ? 'shutdown' : 'queue_full', events.length - room);
      if (!this.#closing) this.#messages.queueFull(this.#settings.maxQueue);
    }
    if (this.#queue.length === 0) return;
    this.#loop ??= this.#run();
    this.#pause.endIf('aside');
    if (this.#queue.length >= this.#settings.maxBatch) this.#pause.endIf('filling');
  }

  async room(): Promise<number> {
    if (!this.#hasRoom) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    return this.#gaveUp ? Number.POSITIVE_INFINITY : this.#settings.maxQueue - this.#queued;
  }

  books(): SinkBooks {
    return this.#books.read(this.#queued);
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    // The next try comes at once, and a batch does not wait to be full.
    this.#pause.end();
    await Promise.race([this.#loop, deadline]);
    clearTimeout(timer);
    this.#giveUp();
    this.#collector.close();
  }

  /** Counts everything unconfirmed as lost, even though the request in flight may still arrive. */
  #giveUp(): void {
    this.#gaveUp = true;
    if (this.#queued > 0) this.#messages.gaveUp(this.#queued);
    this.#books.drop('shutdown', this.#queued);
    this.#queue.clear();
    this.#aside.clear();
    this.#inFlight = 0;
    this.#pause.end();
    this.#makeRoomKnown();
  }

  async #run(): Promise<void> {
    let full = false;
    for (;;) {
      if (this.#setAsideIsNext()) {
        await this.#deliver(this.#aside.take());
      } else if (this.#queue.length > 0) {
        if (!full && !this.#closing && this.#queue.length < this.#settings.maxBatch) {
          await this.#pause.start('filling', this.#settings.delayMs);
        }
        if (this.#gaveUp) return;
        full = await this.#sendOne();
      } else if (this.#aside.length > 0) {
        await this.#pause.start('aside', Math.max(0, this.#aside.nextAtMs - performance.now()));
      } else {
        break;
      }
      if (this.#gaveUp) return;
      this.#makeRoomKnown();
    }
    this.#loop = undefined;
  }

  /** Whether it is the turn of a batch that is aside. At the end of a run the others come first. */
  #setAsideIsNext(): boolean {
    if (this.#aside.length === 0) return false;
    if (this.#queue.length === 0) return this.#closing !== undefined || this.#aside.nextAtMs <= performance.now();
    return !this.#closing && !this.#wasAside && this.#aside.nextAtMs <= performance.now();
  }

  /** Sends one request. @returns whether it could not hold all that was waiting */
  async #sendOne(): Promise<boolean> {
    const { left, full, events, ...batch } = this.#requests.take(
      this.#queue,
      this.#settings.maxBatch,
      this.#maxRequestBytes,
    );
    this.#books.drop('not_sampled', left.not_sampled);
    this.#books.drop('too_large', left.too_large);
    if (left.too_large > 0) this.#messages.tooLarge();
    if (batch.spans > 0) await this.#deliver(batch, events);
    return full;
  }

  /** @param events what the batch was made of; without them it is not made smaller */
  async #deliver(batch: Pending, events: readonly AgentEvent[] = []): Promise<void> {
    const wasAside = batch.againAtMs !== undefined;
    this.#wasAside = wasAside;
    this.#inFlight = batch.spans;
    for (;;) {
      const outcome = await this.#collector.send(batch).catch(unexpected);
      if (this.#gaveUp) return;
      if (outcome.kind !== 'retry') return this.#settle(batch, outcome, events);
      const verdict = this.#aside.verdict(batch, performance.now(), this.#closing !== undefined);
      if (verdict === 'give up') return this.#settle(batch, { ...outcome, kind: 'refused', lasting: true });
      // One that was aside failed before, while others may be taken.
      const alone = wasAside && this.#failures === 0;
      if (!alone) this.#messages.retrying(outcome, this.#queued);
      const wishMs = this.#closing ? 0 : wish(outcome.afterMs);
      if (!alone) await this.#pause.start('backoff', backoffMs(this.#failures, this.#backoff, wishMs));
      this.#failures++;
      if (this.#gaveUp) return;
      if (verdict === 'again') continue;
      this.#inFlight = 0;
      this.#aside.add(batch, performance.now(), alone ? wishMs : 0);
      return;
    }
  }

  #settle(batch: Batch, outcome: Settled, events: readonly AgentEvent[] = []): void {
    this.#inFlight = 0;
    this.#failures = 0;
    if (outcome.kind === 'refused' && outcome.tooLarge && events.length > 1) {
      this.#maxRequestBytes = Math.floor(batch.bytes.length / 2);
      this.#queue.putBack(events);
      this.#messages.madeSmaller(outcome, batch.bytes.length);
      return;
    }
    this.#messages.answered(this.#queued);
    if (outcome.kind === 'refused') {
      this.#books.drop(outcome.reason, batch.spans);
      this.#messages.refused(outcome, batch.spans);
      return;
    }
    this.#aside.delivered();
    this.#books.exported += batch.spans - outcome.rejected;
    this.#books.drop('rejected', outcome.rejected);
    if (outcome.doubt) this.#messages.doubted(outcome.doubt);
    if (outcome.rejected > 0 || outcome.message) this.#messages.partial(outcome.rejected, batch.spans, outcome.message);
  }

  get #queued(): number {
    return this.#queue.length + this.#inFlight + this.#aside.spans;
  }

  get #hasRoom(): boolean {
    return this.#queued < this.#settings.maxQueue / 2 || this.#gaveUp;
  }

  #makeRoomKnown(): void {
    if (!this.#hasRoom) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

/** The outcome when the exporter throws, which it does only for this batch; it reports other errors in its result. */
function unexpected(error: unknown): Outcome {
  return { kind: 'refused', reason: 'exporter_error', message: excerpt(String((error as Error)?.message ?? error)) };
}
