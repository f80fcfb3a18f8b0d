// SPDX-License-Identifier: Apache-2.0
import type { AgentEvent } from '../../event/event.ts';
import { lostWith, together } from '../../event/lost.ts';
import type { Sink, SinkBooks } from '../../event/sink.ts';
import { excerpt } from '../../terminal.ts';
import { UnderWay } from '../under-way.ts';
import { type Backoff, backoffMs, wish } from './backoff.ts';
import type { Books } from './books.ts';
import type { Batch, Collector, Outcome } from './collector.ts';
import type { DeliveryMessages } from './delivery-messages.ts';
import { lostSpans } from './lost-spans.ts';
import type { RequestQueue } from './request-queue.ts';
import { splitRequest } from './request-splitter.ts';
import { type RequestWriter, USUAL_REQUEST_BYTES } from './request-writer.ts';
import { type Patience, type Pending, SetAside } from './set-aside.ts';
import type { Settings } from './settings.ts';
import { Wait } from './wait.ts';

type Settled = Exclude<Outcome, { kind: 'retry' }>;

export interface SenderParts {
  name: string;
  settings: Settings;
  requests: RequestWriter;
  queue: RequestQueue;
  /** The queue's events may be counted there, too. */
  books: Books;
  collector: Collector;
  messages: DeliveryMessages;
  backoff: Backoff;
  patience: Patience;
}

/**
 * The only loop that empties the queue. Batches go out strictly one after the other; each is repeated until the
 * collector accepts or refuses it, after a while behind the others. When the queue is empty nothing runs, not even a timer.
 */
export class Sender implements Sink {
  readonly name: string;
  isFailing = false;
  readonly #books: Books;
  readonly #queue: RequestQueue;
  readonly #settings: Settings;
  readonly #requests: RequestWriter;
  readonly #collector: Collector;
  readonly #messages: DeliveryMessages;
  readonly #backoff: Backoff;
  readonly #pause = new Wait();
  readonly #underWay: UnderWay;
  #waiters: (() => void)[] = [];
  #loop: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #gaveUp = false;
  /** Spans that are counted as dropped, though they are in the queue. */
  #lost = 0;
  readonly #aside: SetAside;
  /** Failures since the collector last settled a batch. */
  #failures = 0;
  /** Whether the collector has ever taken something. */
  #hasTaken = false;
  /** Whether the last batch came from those that are aside. */
  #wasAside = false;
  /** The largest request of several spans; less after a server refused one for its size. */
  #maxRequestBytes = USUAL_REQUEST_BYTES;

  /** Ends the wait of a request for more spans, where it has to be stored soon. */
  #storing: NodeJS.Timeout | undefined;

  constructor({ name, settings, requests, queue, books, collector, messages, backoff, patience }: SenderParts) {
    this.name = name;
    this.#queue = queue;
    this.#books = books;
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

  /** Sends what earlier runs have left. */
  async start(): Promise<void> {
    await this.#queue.open();
    if (!this.#queue.isEmpty) this.#loop ??= this.#run();
  }

  write(events: readonly AgentEvent[]): void {
    this.#books.accepted += events.length;
    let added = 0;
    if (!this.#closing)
      while (added < events.length && this.#queued < this.#settings.maxQueue) this.#add(events[added++]!);
    if (added < events.length) {
      if (this.#closing) this.#books.drop('shutdown', events.length);
      else this.#queueFull(events.slice(added));
    }
    this.#wake();
    this.#storeSoon();
  }

  #queueFull(events: readonly AgentEvent[]): void {
    this.#books.lose('queue_full', events.length, events.map(lostWith).reduce(together));
    this.#messages.queueFull(this.#settings.maxQueue);
  }

  /** Lets the loop look at what is there. */
  #wake(): void {
    if (this.#queue.isEmpty && this.#requests.spans === 0 && this.#reportsAtMs === Number.POSITIVE_INFINITY) return;
    this.#loop ??= this.#run();
    this.#pause.endIf('later');
    if (!this.#queue.isEmpty) this.#pause.endIf('filling');
  }

  /** Whether requests survive the agent. */
  get #isStored(): boolean {
    return this.#queue.spooled !== undefined;
  }

  #storeSoon(): void {
    if (!this.#isStored || this.#requests.spans === 0) return;
    this.#storing ??= setTimeout(() => this.#store(), this.#settings.delayMs);
  }

  /** Finishes the request that is being made: the loop may wait for a collector that is away. */
  #store(): void {
    this.#storing = undefined;
    if (this.#requests.spans > 0) this.#finishRequest();
    this.#wake();
  }

  #add(event: AgentEvent): void {
    let added = this.#requests.add(event, this.#maxRequestBytes);
    if (added === 'full') {
      this.#finishRequest();
      added = this.#requests.add(event, this.#maxRequestBytes);
    }
    if (added === 'not_sampled') this.#books.drop(added, 1);
    if (added === 'too_large') {
      this.#books.lose(added, 1, lostWith(event));
      this.#messages.tooLarge();
    }
    if (this.#requests.spans >= this.#settings.maxBatch) this.#finishRequest();
  }

  #finishRequest(): void {
    this.#queue.push(this.#requests.finish());
  }

  async room(): Promise<number> {
    if (!this.#hasRoom) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    return this.#gaveUp ? Number.POSITIVE_INFINITY : this.#settings.maxQueue - this.#unsettled;
  }

  books(): SinkBooks {
    return this.#books.read(this.#queued, this.#queue.spooled);
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
    this.#wake();
    await Promise.race([this.#loop, deadline]);
    clearTimeout(timer);
    await this.#giveUp();
  }

  /**
   * Leaves in the spool what was not confirmed. Without one, everything unconfirmed counts as lost, even though the request in flight may
   * still arrive.
   */
  async #giveUp(): Promise<void> {
    this.#gaveUp = true;
    this.#pause.end();
    this.#collector.close();
    clearTimeout(this.#storing);
    if (this.#requests.spans > 0) this.#finishRequest();
    await this.#queue.close(() => this.#reportLast());
    const lost = this.#queued;
    if (lost > 0) this.#messages.gaveUp(lost);
    this.#books.drop('shutdown', lost);
    this.#lost += lost;
    this.#makeRoomKnown();
  }

  /** @returns whether there was something to report, which is in the queue now */
  #reportLast(): boolean {
    this.#reportLosses();
    clearTimeout(this.#storing);
    if (this.#requests.spans === 0) return false;
    this.#finishRequest();
    return true;
  }

  async #run(): Promise<void> {
    for (;;) {
      this.#reportLosses();
      if (this.#setAsideIsNext()) {
        await this.#deliver(this.#aside.take());
      } else if (!this.#queue.isEmpty) {
        await this.#sendOne();
      } else if (this.#requests.spans > 0) {
        if (!this.#closing) await this.#pause.start('filling', this.#settings.delayMs);
        if (this.#gaveUp) return;
        if (this.#queue.isEmpty && this.#requests.spans > 0) this.#finishRequest();
      } else {
        const nextAtMs = Math.min(this.#aside.nextAtMs, this.#reportsAtMs);
        if (nextAtMs === Number.POSITIVE_INFINITY) break;
        await this.#pause.start('later', Math.max(0, nextAtMs - performance.now()));
      }
      if (this.#gaveUp) return;
      this.#makeRoomKnown();
    }
    this.#loop = undefined;
  }

  /** When losses are reported: never while there is too little room for it. */
  get #reportsAtMs(): number {
    return this.#queued < this.#settings.maxQueue / 2 ? this.#books.reports.dueAtMs : Number.POSITIVE_INFINITY;
  }

  #reportLosses(): void {
    if (this.#reportsAtMs === Number.POSITIVE_INFINITY) return;
    for (const report of this.#books.reports.take(performance.now(), this.#closing !== undefined)) this.#add(report);
    this.#storeSoon();
  }

  /** Whether it is the turn of a batch that is aside. At the end of a run the others come first. */
  #setAsideIsNext(): boolean {
    if (this.#aside.length === 0) return false;
    if (this.#queue.isEmpty && this.#requests.spans === 0)
      return this.#closing !== undefined || this.#aside.nextAtMs <= performance.now();
    return !this.#closing && !this.#wasAside && this.#aside.nextAtMs <= performance.now();
  }

  /** Sends the oldest request; in parts, if it was made before a server refused one for its size. */
  async #sendOne(): Promise<void> {
    const next = await this.#queue.next();
    if (next === undefined || this.#gaveUp) return;
    const [batch, ...others] = splitRequest(next, this.#maxRequestBytes);
    this.#queue.putBack(others);
    await this.#deliver(batch!);
  }

  async #deliver(batch: Pending): Promise<void> {
    const wasAside = batch.againAtMs !== undefined;
    this.#wasAside = wasAside;
    for (;;) {
      this.#reportLosses();
      const outcome = await this.#underWay.during(this.#collector.send(batch).catch(unexpected));
      if (this.#gaveUp) return;
      if (outcome.kind !== 'retry') return this.#settle(batch, outcome);
      if (this.#closing && this.#isStored) {
        // It is stored, and the next run sends it.
        this.#gaveUp = true;
        return;
      }
      if (!this.#isStored) this.#books.reports.mayArrive = false;
      const verdict = this.#aside.verdict(batch, performance.now(), this.#closing !== undefined);
      if (verdict === 'give up') return this.#settle(batch, { ...outcome, kind: 'refused', lasting: true });
      // One that was aside failed before, while others may be taken.
      const alone = wasAside && this.#failures === 0;
      if (!alone) this.isFailing = true;
      if (!alone) this.#messages.retrying(outcome, this.#unsettled);
      const wishMs = this.#closing ? 0 : wish(outcome.afterMs);
      if (!alone) await this.#pause.start('backoff', backoffMs(this.#failures, this.#backoff, wishMs));
      this.#failures++;
      if (this.#gaveUp) return;
      if (verdict === 'again') continue;
      this.#aside.add(batch, performance.now(), alone ? wishMs : 0);
      return;
    }
  }

  #settle(batch: Batch, outcome: Settled): void {
    this.#failures = 0;
    if (outcome.kind === 'refused' && outcome.tooLarge && batch.spans > 1) {
      this.#maxRequestBytes = Math.floor(batch.bytes.length / 2);
      this.#queue.putBack([batch]);
      this.#messages.madeSmaller(outcome, batch.bytes.length);
      return;
    }
    const lost = outcome.kind === 'refused' ? batch.spans : outcome.rejected;
    const what = lost > 0 ? lostSpans({ bytes: batch.bytes, spans: lost }) : undefined;
    this.#queue.settled(batch, outcome.isSpent ?? false);
    this.#hasTaken ||= lost < batch.spans;
    // One that is refused is not tried again until something is taken.
    this.#books.reports.mayArrive = this.#hasTaken && (lost < batch.spans || !what?.reports);
    // A request that is given up, while the collector takes others, does not show that the collector fails.
    this.isFailing = outcome.kind === 'refused' && !outcome.lasting;
    this.#messages.answered(this.#unsettled);
    if (outcome.kind === 'refused') {
      this.#books.lose(outcome.reason, lost, what);
      this.#messages.refused(outcome, batch.spans);
      return;
    }
    this.#aside.delivered();
    this.#books.exported += batch.spans - lost;
    this.#books.lose('rejected', lost, what);
    if (outcome.doubt) this.#messages.doubted(outcome.doubt);
    if (lost > 0 || outcome.message) this.#messages.partial(lost, batch.spans, outcome.message);
  }

  get #queued(): number {
    return this.#queue.queued + this.#requests.spans - this.#lost;
  }

  /** Also those in the spool: a recording waits until these are delivered. */
  get #unsettled(): number {
    return this.#queued + (this.#queue.spooled ?? 0);
  }

  get #hasRoom(): boolean {
    return this.#unsettled < this.#settings.maxQueue / 2 || this.#gaveUp;
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
