// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramStats } from 'bpf-loader-native';
import type { Aggregates, Counting } from '../event/aggregates.ts';
import { balances, countNotRecorded, equations, type NamedSinkBooks } from '../event/books.ts';
import type { AgentEvent, NotRecordedEvent } from '../event/event.ts';
import type { Source } from '../event/source.ts';
import { decodeKernelBooks, type SourceBooks } from '../event/source-books.ts';
import { readAggregates } from './aggregates.ts';
import { type Attachment, attach, type LiveOptions, type LiveParts } from './attachment.ts';
import { Decoder } from './decode.ts';
import { Losses } from './losses.ts';
import { Omissions } from './omissions.ts';
import { Settlement } from './settlement.ts';
import { Stacks } from './stacks.ts';

/** The longest wait for programs that were running while they were detached; they end within microseconds. */
const LAST_RECORDS_MS = 200;

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const NANOS_PER_MILLI = 1_000_000n;

export interface LiveState {
  books: SourceBooks;
  ring: { usedBytes: number; sizeBytes: number };
  programs: ProgramStats[];
  /** The process that has started the prober. */
  supervisor: number | undefined;
}

/** The running kernel: loads and attaches the BPF programs, and decodes their records. */
export class LiveSource implements Source {
  readonly attachment: Attachment;
  readonly #parts: LiveParts;
  readonly #stacks: Stacks;
  readonly #decoder: Decoder;
  readonly #settlement: Settlement | undefined;
  readonly #books: SourceBooks = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
  readonly #options: LiveOptions;
  readonly #stopped = Promise.withResolvers<void>();
  #omissions: Omissions | undefined;
  #losses: Losses | undefined;
  readonly #startedUnixNs = BigInt(Date.now()) * NANOS_PER_MILLI;

  /** Loads and attaches the programs; compactions are seen from here on. Throws a HostError that says what is missing. */
  constructor(options: LiveOptions) {
    this.#options = options;
    this.#books.reportsLosses = options.compactionsOnly !== true;
    this.#parts = attach(options);
    const { attachment, symbols, names, clock } = this.#parts;
    this.attachment = attachment;
    this.#stacks = new Stacks(symbols);
    this.#decoder = new Decoder({
      names,
      stacks: this.#stacks,
      clock,
      context: options.context,
      host: options.host,
      idSeed: options.pin && readFileSync(BOOT_ID, 'latin1'),
    });
    const { pinning } = attachment;
    if (options.pin && pinning) {
      this.#settlement = new Settlement({
        ...this.#parts,
        books: this.#books,
        pinning,
        startedUnixNs: this.#startedUnixNs,
        ttlNs: options.pin.ttlNs,
        ringBytes: options.ringBytes,
      });
    }
  }

  run(take: (events: readonly AgentEvent[]) => void): Promise<void> {
    const onEvents = (events: readonly AgentEvent[]) => {
      take(events);
      this.#settlement?.delivered(events.length);
    };
    const report = (found: readonly NotRecordedEvent[]) => {
      const host = this.#options.host;
      const events = host ? found.map((event) => ({ ...event, host })) : found;
      for (const event of events) countNotRecorded(this.#books, event);
      this.#settlement?.read(events);
      onEvents(events);
    };
    if (this.#options.maxSpansPerSecond !== undefined) {
      const onOmission = (event: NotRecordedEvent) => report([event]);
      const before = this.#settlement?.reported;
      this.#omissions = new Omissions(
        this.#parts.object,
        this.#parts.clock,
        this.#options.maxSpansPerSecond,
        onOmission,
        before,
      );
    }
    if (this.#books.reportsLosses) this.#losses = this.#reportLosses(report);
    const onBatch = (batch: Buffer) => {
      const decoded = this.#decoder.decode(batch);
      const { events, received, malformed } = decoded;
      this.#books.received += received;
      this.#books.decoded += events.length;
      this.#books.malformed += malformed;
      if (received > 0) this.#settlement?.read(events);
      if (decoded.starts) this.#parts.started?.noticed();
      const named = this.#stacks.named();
      if (this.#parts.enricher) this.#parts.enricher.enrich(decoded, onEvents, named);
      // A batch may hold process events only.
      else if (events.length > 0 && named) named.then(() => onEvents(events));
      else if (events.length > 0) onEvents(events);
    };
    this.#parts.reader.start(onBatch, () => {
      this.#omissions?.look();
      this.#losses?.look();
    });
    // What was lost before may have no record after it.
    this.#losses?.look();
    return this.#stopped.promise;
  }

  #reportLosses(report: (events: readonly NotRecordedEvent[]) => void): Losses {
    const settlement = this.#settlement;
    const losses = new Losses({
      clock: this.#parts.clock,
      sinceUnixNs: settlement?.lossesSinceUnixNs ?? this.#startedUnixNs,
      ...(settlement && { undeliveredSinceUnixNs: settlement.undeliveredSinceUnixNs }),
      read: (all) => ({
        ...this.#books,
        kernel: decodeKernelBooks(this.#parts.object.readVariable('books')),
        ...(all && { programMisses: this.#programMisses() }),
      }),
      report,
    });
    settlement?.reportLosses(() => losses.sinceUnixNs);
    return losses;
  }

  /** Leaves records in the ring until `resume`, where whoever takes the events has enough of them. */
  pause(): void {
    this.#parts.reader.pause();
  }

  resume(): void {
    this.#parts.reader.resume();
  }

  /**
   * Goes the way of a record: the ring's thread wakes the reader, which reads what there is; what was read gets its names, and is
   * delivered. Resolves when it has come to the end, and not at all where something on the way hangs.
   */
  async roundTrip(): Promise<void> {
    await this.#parts.reader.look();
    await this.#stacks.named();
    await this.#parts.enricher?.delivered();
  }

  /** Whether the programs stay attached. */
  get #stays(): boolean {
    return this.attachment.pinning !== undefined && this.attachment.pinning.obstacle === undefined;
  }

  /** With `pin`: keeps records until these outputs have delivered them. */
  settleBy(sinks: () => readonly NamedSinkBooks[]): void {
    this.#settlement?.start(sinks);
  }

  /** With `pin`: leaves the programs to the next agent. Call it when the outputs are closed. */
  leave(): void {
    this.#settlement?.finish();
  }

  /** With `pin`: the counters from before the programs were attached, by whichever agent, and the pages of events so far. */
  get sinceAttached(): Pick<Settlement, 'baseline' | 'scanned'> | undefined {
    return this.#settlement;
  }

  /** Since when the kernel's side and the source's books count, and whether that was an earlier agent's start; epoch time. */
  get counting(): Counting {
    return {
      sinceUnixNano: this.#settlement?.sinceUnixNs ?? this.#startedUnixNs,
      goesOn: this.attachment.pinning?.adopted ?? false,
    };
  }

  /** Detaches, unless the programs stay attached, and reads what is left in the ring. */
  async stop(): Promise<void> {
    if (this.#stays) {
      // Compactions go on, and are the next agent's from here on.
      this.#parts.reader.drain();
      this.#parts.reader.stop();
    } else {
      this.#parts.object.detach();
      this.#options.onDetached?.();
    }
    const deadline = performance.now() + LAST_RECORDS_MS;
    do {
      this.#parts.reader.drain();
      this.#omissions?.finish();
      const readUnixNs = this.#parts.clock.now();
      this.#books.kernel = decodeKernelBooks(this.#parts.object.readVariable('books'));
      this.#books.programMisses = this.#programMisses();
      this.#losses?.finish(this.#books, readUnixNs);
      if (this.#stays) this.#books.pendingBytes = this.#parts.reader.pendingBytes ?? 0;
    } while (!equations(this.#books, []).every(balances) && performance.now() < deadline && (await sleep(1, true)));
    if (this.#stays) this.#options.onDetached?.();
    else this.#books.pendingBytes = this.#parts.reader.pendingBytes ?? 0;
    this.#books.stays = this.#stays;
    await this.#stacks.named();
    await this.#parts.enricher?.finish();
    if (this.#parts.enricher?.probes) this.#books.probes = this.#parts.enricher.probes;
    this.#stopped.resolve();
  }

  books(): SourceBooks {
    return this.#books;
  }

  /** The sums so far; all are complete after `stop()`. Only with the option `aggregates`: otherwise nothing is added up. */
  readAggregates(): Aggregates {
    return readAggregates(this.#parts.object, this.#parts.names);
  }

  /** What is known now, while it runs; read one after the other, so that it may not balance. */
  state(): LiveState {
    const books = { ...this.#books, kernel: decodeKernelBooks(this.#parts.object.readVariable('books')) };
    if (this.#parts.enricher?.probes) books.probes = this.#parts.enricher.probes;
    const usedBytes = this.#parts.reader.pendingBytes ?? 0;
    return {
      books: { ...books, pendingBytes: usedBytes },
      ring: { usedBytes, sizeBytes: this.#options.ringBytes },
      programs: this.programStats(),
      supervisor: this.#parts.enricher?.supervisor,
    };
  }

  /** Only the plan's programs count: a missed process event is not a lost compaction. */
  #programMisses(): number {
    const ofPlan = this.programStats().filter(({ name }) => this.attachment.plan.programs.includes(name));
    return ofPlan.reduce((sum, { recursionMisses }) => sum + recursionMisses, 0);
  }

  programStats(): ProgramStats[] {
    return this.#parts.object.programStats();
  }

  /** libbpf's messages while loading. */
  loaderLog(): string {
    return this.#parts.object.log;
  }

  async close(): Promise<void> {
    this.#parts.started?.close();
    this.#settlement?.close();
    const enricherClosed = this.#parts.enricher?.close();
    this.#parts.reader.close();
    this.#parts.runTimeStats?.close();
    this.#parts.object.close();
    this.#parts.symbols.close();
    await enricherClosed;
  }
}
