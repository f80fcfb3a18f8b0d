// SPDX-License-Identifier: Apache-2.0
import type { AgentEvent } from '../../event/event.ts';
import type { Sink, SinkBooks } from '../../event/sink.ts';
import { excerpt } from '../../terminal.ts';
import { UnderWay } from '../under-way.ts';
import { type Backoff, backoffMs, wish } from './backoff.ts';
import { Books } from './books.ts';
import type { Batch, Collector, Outcome } from './collector.ts';
import type { DeliveryMessages } from './delivery-messages.ts';
import { splitRequest } from './request-splitter.ts';
import { type RequestWriter, USUAL_REQUEST_BYTES } from './request-writer.ts';
import { type Patience, type Pending, SetAside } from './set-aside.ts';
import type { Settings } from './settings.ts';
import { Wait } from './wait.ts';

type Settled = Exclude<Outcome, { kind: 'retry' }>;

/**
 * The queue and the only loop that empties it. Batches go out strictly one after the other; each is repeated until the
 * collector accepts or refuses it, after a while behind the others. When the queue is empty nothing runs, not even a timer.
 */
export class Sender implements Sink {
  readonly name: string;
  isFailing = false;
  /** Finished requests that wait, oldest first, and the number of their spans. */
  #waiting: Batch[] = [];
  #waitingSpans = 0;
  readonly #books = new Books();
  readonly #settings: Settings;
  readonly #requests: RequestWriter;
  readonly #collector: Collector;
  readonly #messages: DeliveryMessages;
  readonly #backoff: Backoff;
  readonly #pause = new Wait();
  readonly #underWay: UnderWay;
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
  /** The largest request of several spans; less after a server refused one for its size. */
  #maxRequestBytes = USUAL_REQUEST_BYTES;

  constructor(
    name: string,
    settings: Settings,
    requests: RequestWriter,
    collector: Collector,
    messages: DeliveryMessages,
    backoff: Backoff,
    patience: Patience,
  ) {
    this.name = name;
    this.#settings = settings;
    this.#requests = requests;
    this.#collector = collector;
    this.#messages = messages;
    this.#backoff = backoff;
    this.#aside = new SetAside(patience);
    this.#underWay = new UnderWay(settings.exportTimeoutMs);
  }

  get destination(): string {
    return this.#messages.endpoint;
  }

  get isStuck(): boolean {
    return this.#underWay.isTooLong;
  }

  write(events: readonly AgentEvent[]): void {
    this.#books.accepted += events.length;
    let added = 0;
    if (!this.#closing)
      while (added < events.length && this.#queued < this.#settings.maxQueue) this.#add(events[added++]!);
    if (added < events.length) {
      this.#books.drop(this.#closing ? 'shutdown' : 'queue_full', events.length - added);
      if (!this.#closing) this.#messages.queueFull(this.#settings.maxQueue);
    }
    if (this.#waiting.length === 0 && this.#requests.spans === 0) return;
    this.#loop ??= this.#run();
    this.#pause.endIf('aside');
    if (this.#waiting.length > 0) this.#pause.endIf('filling');
  }

  #add(event: AgentEvent): void {
    let added = this.#requests.add(event, this.#maxRequestBytes);
    if (added === 'full') {
      this.#finishRequest();
      added = this.#requests.add(event, this.#maxRequestBytes);
    }
    if (added === 'not_sampled' || added === 'too_large') this.#books.drop(added, 1);
    if (added === 'too_large') this.#messages.tooLarge();
    if (this.#requests.spans >= this.#settings.maxBatch) this.#finishRequest();
  }

  #finishRequest(): void {
    const batch = this.#requests.finish();
    this.#waiting.push(batch);
    this.#waitingSpans += batch.spans;
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
    this.#waiting = [];
    this.#waitingSpans = 0;
    this.#requests.finish();
    this.#aside.clear();
    this.#inFlight = 0;
    this.#pause.end();
    this.#makeRoomKnown();
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#setAsideIsNext()) {
        await this.#deliver(this.#aside.take());
      } else if (this.#waiting.length > 0) {
        await this.#sendOne();
      } else if (this.#requests.spans > 0) {
        if (!this.#closing) await this.#pause.start('filling', this.#settings.delayMs);
        if (this.#gaveUp) return;
        if (this.#waiting.length === 0) this.#finishRequest();
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
    if (this.#waiting.length === 0 && this.#requests.spans === 0)
      return this.#closing !== undefined || this.#aside.nextAtMs <= performance.now();
    return !this.#closing && !this.#wasAside && this.#aside.nextAtMs <= performance.now();
  }

  /** Sends the oldest request; in parts, if it was made before a server refused one for its size. */
  async #sendOne(): Promise<void> {
    const [batch, ...others] = splitRequest(this.#waiting.shift()!, this.#maxRequestBytes);
    this.#waiting.unshift(...others);
    this.#waitingSpans -= batch!.spans;
    await this.#deliver(batch!);
  }

  async #deliver(batch: Pending): Promise<void> {
    const wasAside = batch.againAtMs !== undefined;
    this.#wasAside = wasAside;
    this.#inFlight = batch.spans;
    for (;;) {
      const outcome = await this.#underWay.during(this.#collector.send(batch).catch(unexpected));
      if (this.#gaveUp) return;
      if (outcome.kind !== 'retry') return this.#settle(batch, outcome);
      const verdict = this.#aside.verdict(batch, performance.now(), this.#closing !== undefined);
      if (verdict === 'give up') return this.#settle(batch, { ...outcome, kind: 'refused', lasting: true });
      // One that was aside failed before, while others may be taken.
      const alone = wasAside && this.#failures === 0;
      if (!alone) this.isFailing = true;
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

  #settle(batch: Batch, outcome: Settled): void {
    this.#inFlight = 0;
    this.#failures = 0;
    if (outcome.kind === 'refused' && outcome.tooLarge && batch.spans > 1) {
      this.#maxRequestBytes = Math.floor(batch.bytes.length / 2);
      this.#waiting.unshift(batch);
      this.#waitingSpans += batch.spans;
      this.#messages.madeSmaller(outcome, batch.bytes.length);
      return;
    }
    if (outcome.isSpent) free(batch);
    // One that the collector takes others beside does not show that it fails.
    this.isFailing = outcome.kind === 'refused' && !outcome.lasting;
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
    return this.#waitingSpans + this.#requests.spans + this.#inFlight + this.#aside.spans;
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

/** Frees the memory now: it is most of what a storm takes, and an idle process may not collect garbage for days. */
function free({ bytes }: Batch): void {
  (bytes.buffer as ArrayBuffer).transfer(0);
}

/** The outcome when the exporter throws, which it does only for this batch; it reports other errors in its result. */
function unexpected(error: unknown): Outcome {
  return { kind: 'refused', reason: 'exporter_error', message: excerpt(String((error as Error)?.message ?? error)) };
}
