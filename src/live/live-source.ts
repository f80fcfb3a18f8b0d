// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfError, type BpfObject, enableRunTimeStats, type ProgramStats, readClocks } from 'bpf-loader-native';
import { PUBLISHER_SIZE } from '../abi.generated.ts';
import { Enricher } from '../enrich/enricher.ts';
import type { ProberOptions } from '../enrich/prober-client.ts';
import { HostError } from '../errors.ts';
import type { Aggregates, Counting } from '../event/aggregates.ts';
import {
  balances,
  countNotRecorded,
  decodeKernelBooks,
  equations,
  type NamedSinkBooks,
  type SourceBooks,
} from '../event/books.ts';
import type { AgentEvent, EventHost, NotRecordedEvent } from '../event/event.ts';
import type { RelationWanted } from '../event/relation.ts';
import type { Source } from '../event/source.ts';
import { lackingCapabilities } from '../host/capabilities.ts';
import { pidNamespace } from '../host/pid-namespace.ts';
import { foreignMemoryClosed } from '../host/ptrace-scope.ts';
import { EpochClock } from '../kernel/clock.ts';
import { type KernelNames, kernelNames } from '../kernel/names.ts';
import { KernelSymbols } from '../kernel/symbols.ts';
import { clocksOutside, timeOffsets } from '../kernel/time-namespace.ts';
import { readScanCounters, type ScanCounters } from '../kernel/vmstat.ts';
import { message, type Obstacle } from '../messages/message.ts';
import { readAggregates } from './aggregates.ts';
import { attachPrograms, type ProgramOptions } from './attach.ts';
import type { AttachPlan } from './attach-plan.ts';
import { Decoder } from './decode.ts';
import { hiddenSymbols } from './hidden-symbols.ts';
import { kernelFeatures, readKernelBtf } from './kernel-features.ts';
import { Losses } from './losses.ts';
import { Omissions } from './omissions.ts';
import { PinFolder } from './pin-folder.ts';
import type { Pinning } from './pinned-programs.ts';
import { RingReader } from './ring-reader.ts';
import { Settlement } from './settlement.ts';
import { Stacks } from './stacks.ts';
import { StartedProcesses } from './started-processes.ts';

/** The longest wait for programs that were running while they were detached; they end within microseconds. */
const LAST_RECORDS_MS = 200;

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const PUBLISHERS = 'cs_publishers';
const PUBLISHER_KEY_SIZE = 4;
const NANOS_PER_MILLI = 1_000_000n;

/** The limit behind an error, when the ring buffer's memory, thread and descriptors cannot be had. */
const RAISE_LIMITS: Readonly<Record<string, string>> = {
  EAGAIN: 'Raise the limit of threads: ulimit -u in a shell, TasksMax= in a systemd unit, --pids-limit in a container.',
  EMFILE: 'Raise the limit of open files (ulimit -n).',
  ENOMEM:
    'Raise the limit of memory: ulimit -v in a shell, MemoryMax= in a systemd unit; or give a smaller --ring-size.',
};

export interface LiveOptions
  extends Omit<ProgramOptions, 'contexts' | 'markOwnFrames' | 'pidNamespace' | 'boottimeOffsetNs' | 'pins'> {
  /** Where the proc file system is mounted through which other processes are seen; pids are those of its PID namespace. */
  procfs?: string;
  context: RelationWanted;
  /** What events say of it; without it, nothing. */
  host?: EventHost;
  /** Whether the kernel measures the programs' run time. */
  runTimeStats: boolean;
  /** Identifies stalled processes and finds where they publish their contexts; without it no process is read. */
  prober?: Omit<ProberOptions, 'procfs'>;
  /** Where the programs stay attached afterwards, and for how long they record without an agent. */
  pin?: { folder: string; ttlNs: number };
  /** Events are compactions only: what is lost is counted, and not reported in an event. */
  compactionsOnly?: boolean;
  /** Called before programs are attached, for each attach plan that is tried. */
  onAttaching?: () => void;
  /** Called when the programs have been detached, before the last records are read; or after these, when they stay attached. */
  onDetached?: () => void;
}

export interface LiveState {
  books: SourceBooks;
  ring: { usedBytes: number; sizeBytes: number };
  programs: ProgramStats[];
  /** The process that has started the prober. */
  supervisor: number | undefined;
}

/** The running kernel: loads and attaches the BPF programs, and decodes their records. */
export class LiveSource implements Source {
  readonly plan: AttachPlan;
  /** Where other processes are seen. */
  readonly procfs: string;
  /** Attach plans that come before it, and why they do not fit. */
  readonly passedOver: readonly string[];
  /** Whether its programs can be preempted, which may lose records. */
  readonly preemptible: boolean;
  /** Why the map of OpenTelemetry eBPF Instrumentation exists but is not read. */
  readonly obiObstacle: string | undefined;
  /** Why publications long after a process's start are not seen; undefined also when contexts are not looked for. */
  readonly publicationsUnseen: string | undefined;
  /** Missing capabilities that the prober needs for processes of other users. */
  readonly lackingForOthers: readonly string[] = [];
  /** Whether no process may read the memory of another, and the prober would. */
  readonly foreignMemoryClosed: boolean = false;
  readonly symbols = new KernelSymbols();
  readonly #stacks = new Stacks(this.symbols);
  /** Why stacks have addresses instead of names. Found out at the start: later the agent has no capabilities. */
  readonly hiddenSymbols: Obstacle | undefined = hiddenSymbols(this.symbols);
  /** Why run times are not measured although they were asked for: only they require CAP_SYS_ADMIN. */
  readonly notMeasured: string | undefined;
  /** What came of `pin`. */
  readonly pinning: Pinning | undefined;
  readonly #object: BpfObject;
  readonly #settlement: Settlement | undefined;
  readonly #runTimeStats: { close(): void } | undefined;
  readonly #names: KernelNames;
  readonly #decoder: Decoder;
  readonly #books: SourceBooks = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
  readonly #stopped = Promise.withResolvers<void>();
  readonly #onDetached: (() => void) | undefined;
  readonly #enricher: Enricher | undefined;
  readonly #started: StartedProcesses | undefined;
  readonly #clock: EpochClock;
  readonly #host: EventHost | undefined;
  readonly #maxSpansPerSecond: number | undefined;
  #omissions: Omissions | undefined;
  #losses: Losses | undefined;
  readonly #ringBytes: number;
  readonly #startedUnixNs = BigInt(Date.now()) * NANOS_PER_MILLI;
  #reader: RingReader | undefined;

  /** Loads and attaches the programs; compactions are seen from here on. Throws a HostError that says what is missing. */
  constructor(options: LiveOptions) {
    this.#onDetached = options.onDetached;
    this.#host = options.host;
    this.#ringBytes = options.ringBytes;
    this.#books.reportsLosses = options.compactionsOnly !== true;
    this.procfs = options.procfs ?? '/proc';
    const pins = options.pin && PinFolder.open(options.pin.folder);
    const namespace = pidNamespace(this.procfs);
    const offsets = timeOffsets(readClocks);
    // Started first: it gets ready while the programs are loaded.
    if (options.prober && namespace !== undefined) {
      this.#enricher = new Enricher({ ...options.prober, procfs: this.procfs });
      this.foreignMemoryClosed = foreignMemoryClosed();
      this.lackingForOthers = lackingCapabilities(['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']);
    }
    const btf = readKernelBtf(options.btfFile);
    const kernel = kernelFeatures(btf);
    this.#names = kernelNames(btf);
    btf.release();
    if (options.runTimeStats) {
      try {
        this.#runTimeStats = enableRunTimeStats();
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        this.notMeasured = error.message;
      }
    }
    const clocks = clocksOutside(readClocks, offsets);
    this.#clock = new EpochClock(clocks);
    this.#maxSpansPerSecond = options.maxSpansPerSecond;
    this.#decoder = new Decoder({
      names: this.#names,
      stacks: this.#stacks,
      clock: this.#clock,
      context: options.context,
      host: options.host,
      idSeed: pins && readFileSync(BOOT_ID, 'latin1'),
    });
    const contexts = options.context !== 'off';
    let before: ScanCounters | undefined;
    const { object, plan, passedOver, publicationsUnseen, obiObstacle, pinning } = attachPrograms(
      kernel,
      {
        ...options,
        ...(pins && { pins }),
        contexts,
        markOwnFrames: !this.symbols.available,
        pidNamespace: namespace,
        boottimeOffsetNs: offsets.startsNs,
      },
      (loaded) => {
        this.#reader = openRing(loaded, pins !== undefined);
        if (pins) before = scanCountersIfReadable();
        options.onAttaching?.();
      },
    );
    this.#object = object;
    this.pinning = pinning;
    if (options.pin && pinning) {
      const { ttlNs } = options.pin;
      const reader = this.#reader!;
      const monotonicNs = () => clocks().monotonicNs;
      const baseline = before && { before, attached: readScanCounters() };
      const books = this.#books;
      const { ringBytes } = options;
      const startedUnixNs = this.#startedUnixNs;
      this.#settlement = new Settlement({
        ...{ object, reader, books, pinning, baseline, startedUnixNs, ttlNs, monotonicNs, ringBytes },
      });
    }
    const enricher = this.#enricher;
    if (contexts && enricher) {
      if (pinning?.adopted) forgetPublishers(object);
      enricher.fillContexts(object);
      this.#started = new StartedProcesses(
        object,
        () => clocks().monotonicNs,
        (pid) => enricher.started(pid),
      );
    }
    this.plan = plan;
    this.preemptible = kernel.preemptibleTracepoints && plan.name !== 'kprobe';
    this.passedOver = passedOver;
    this.obiObstacle = obiObstacle;
    this.publicationsUnseen = publicationsUnseen;
  }

  run(take: (events: readonly AgentEvent[]) => void): Promise<void> {
    const onEvents = (events: readonly AgentEvent[]) => {
      take(events);
      this.#settlement?.delivered(events.length);
    };
    const report = (found: readonly NotRecordedEvent[]) => {
      const host = this.#host;
      const events = host ? found.map((event) => ({ ...event, host })) : found;
      for (const event of events) countNotRecorded(this.#books, event);
      this.#settlement?.read(events);
      onEvents(events);
    };
    if (this.#maxSpansPerSecond !== undefined) {
      const onOmission = (event: NotRecordedEvent) => report([event]);
      const before = this.#settlement?.reported;
      this.#omissions = new Omissions(this.#object, this.#clock, this.#maxSpansPerSecond, onOmission, before);
    }
    if (this.#books.reportsLosses) this.#losses = this.#reportLosses(report);
    const onBatch = (batch: Buffer) => {
      const decoded = this.#decoder.decode(batch);
      const { events, received, malformed } = decoded;
      this.#books.received += received;
      this.#books.decoded += events.length;
      this.#books.malformed += malformed;
      if (received > 0) this.#settlement?.read(events);
      if (decoded.starts) this.#started?.noticed();
      const named = this.#stacks.named();
      if (this.#enricher) this.#enricher.enrich(decoded, onEvents, named);
      // A batch may hold process events only.
      else if (events.length > 0 && named) named.then(() => onEvents(events));
      else if (events.length > 0) onEvents(events);
    };
    this.#reader?.start(onBatch, () => {
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
      clock: this.#clock,
      sinceUnixNs: settlement?.lossesSinceUnixNs ?? this.#startedUnixNs,
      ...(settlement && { undeliveredSinceUnixNs: settlement.undeliveredSinceUnixNs }),
      read: (all) => ({
        ...this.#books,
        kernel: decodeKernelBooks(this.#object.readVariable('books')),
        ...(all && { programMisses: this.#programMisses() }),
      }),
      report,
    });
    settlement?.reportLosses(() => losses.sinceUnixNs);
    return losses;
  }

  /** Leaves records in the ring until `resume`, where whoever takes the events has enough of them. */
  pause(): void {
    this.#reader?.pause();
  }

  resume(): void {
    this.#reader?.resume();
  }

  /**
   * Goes the way of a record: the ring's thread wakes the reader, which reads what there is; what was read gets its names, and is
   * delivered. Resolves when it has come to the end, and not at all where something on the way hangs.
   */
  async roundTrip(): Promise<void> {
    await this.#reader?.look();
    await this.#stacks.named();
    await this.#enricher?.delivered();
  }

  /** Whether the programs stay attached. */
  get #stays(): boolean {
    return this.pinning !== undefined && this.pinning.obstacle === undefined;
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

  /** Since when the kernel's side and the source's books count, and whether earlier agents have begun; epoch time. */
  get counting(): Counting {
    return {
      sinceUnixNano: this.#settlement?.sinceUnixNs ?? this.#startedUnixNs,
      goesOn: this.pinning?.adopted ?? false,
    };
  }

  /** Detaches, unless the programs stay attached, and reads what is left in the ring. */
  async stop(): Promise<void> {
    if (this.#stays) {
      // Compactions go on, and are the next agent's from here on.
      this.#reader?.drain();
      this.#reader?.stop();
    } else {
      this.#object.detach();
      this.#onDetached?.();
    }
    const deadline = performance.now() + LAST_RECORDS_MS;
    do {
      this.#reader?.drain();
      this.#omissions?.finish();
      const readUnixNs = this.#clock.now();
      this.#books.kernel = decodeKernelBooks(this.#object.readVariable('books'));
      this.#books.programMisses = this.#programMisses();
      this.#losses?.finish(this.#books, readUnixNs);
      if (this.#stays) this.#books.pendingBytes = this.#reader?.pendingBytes ?? 0;
    } while (!equations(this.#books, []).every(balances) && performance.now() < deadline && (await sleep(1, true)));
    if (this.#stays) this.#onDetached?.();
    else this.#books.pendingBytes = this.#reader?.pendingBytes ?? 0;
    this.#books.stays = this.#stays;
    await this.#stacks.named();
    await this.#enricher?.finish();
    if (this.#enricher?.probes) this.#books.probes = this.#enricher.probes;
    this.#stopped.resolve();
  }

  books(): SourceBooks {
    return this.#books;
  }

  /** The sums so far; all are complete after `stop()`. Only with the option `aggregates`: otherwise nothing is added up. */
  readAggregates(): Aggregates {
    return readAggregates(this.#object, this.#names);
  }

  /** What is known now, while it runs; read one after the other, so that it may not balance. */
  state(): LiveState {
    const books = { ...this.#books, kernel: decodeKernelBooks(this.#object.readVariable('books')) };
    if (this.#enricher?.probes) books.probes = this.#enricher.probes;
    const usedBytes = this.#reader?.pendingBytes ?? 0;
    return {
      books: { ...books, pendingBytes: usedBytes },
      ring: { usedBytes, sizeBytes: this.#ringBytes },
      programs: this.programStats(),
      supervisor: this.#enricher?.supervisor,
    };
  }

  /** Only the plan's programs count: a missed process event is not a lost compaction. */
  #programMisses(): number {
    const ofPlan = this.programStats().filter(({ name }) => this.plan.programs.includes(name));
    return ofPlan.reduce((sum, { recursionMisses }) => sum + recursionMisses, 0);
  }

  programStats(): ProgramStats[] {
    return this.#object.programStats();
  }

  /** libbpf's messages while loading. */
  loaderLog(): string {
    return this.#object.log;
  }

  async close(): Promise<void> {
    this.#started?.close();
    this.#settlement?.close();
    const enricherClosed = this.#enricher?.close();
    this.#reader?.close();
    this.#runTimeStats?.close();
    this.#object.close();
    this.symbols.close();
    await enricherClosed;
  }
}

/** They may have ended meanwhile. Those that publish are found again. */
function forgetPublishers(object: BpfObject): void {
  const entries = object.readMap(PUBLISHERS);
  for (let at = 0; at < entries.length; at += PUBLISHER_KEY_SIZE + PUBLISHER_SIZE) {
    object.deleteFromMap(PUBLISHERS, entries.subarray(at, at + PUBLISHER_KEY_SIZE));
  }
}

/** They are also for a later agent, which may be asked to verify. */
function scanCountersIfReadable(): ScanCounters | undefined {
  try {
    return readScanCounters();
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

/** Before anything is attached: the ring takes a thread, memory and descriptors, which this process may not get. */
function openRing(object: BpfObject, keep: boolean): RingReader {
  try {
    return new RingReader(object, 'cs_records', keep);
  } catch (error) {
    if (!(error instanceof BpfError && error.code === 'RING_FAILED')) throw error;
    const todo = RAISE_LIMITS[error.errno ?? ''] ?? 'A limit of this process or of the host is too low.';
    throw new HostError(message('no_ring', { reason: error.message }, todo));
  }
}
