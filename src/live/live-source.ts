// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfError, type BpfObject, enableRunTimeStats, type ProgramStats, readClocks } from 'bpf-loader-native';
import { ContextRegistry } from '../enrich/context-registry.ts';
import { Enricher } from '../enrich/enricher.ts';
import { ProberClient, type ProberOptions } from '../enrich/prober-client.ts';
import { balances, decodeKernelBooks, equations, type SourceBooks } from '../event/books.ts';
import type { CompactionEvent } from '../event/event.ts';
import type { Source } from '../event/source.ts';
import { lackingCapabilities } from '../host/capabilities.ts';
import { seesInitialPids } from '../host/pid-namespace.ts';
import { EpochClock } from '../kernel/clock.ts';
import { kernelNames } from '../kernel/names.ts';
import { KernelSymbols } from '../kernel/symbols.ts';
import { attachPrograms, type ProgramOptions } from './attach.ts';
import type { AttachPlan } from './attach-plan.ts';
import { Decoder } from './decode.ts';
import { kernelFeatures, readKernelBtf } from './kernel-features.ts';
import { RingReader } from './ring-reader.ts';
import { Stacks } from './stacks.ts';

/** At the end nobody waits longer for the prober. */
const LAST_ANSWERS_MS = 4000;
/** A program that was running while it was detached ends within microseconds; the books may lack its half so long. */
const LAST_RECORDS_MS = 200;

export interface LiveOptions extends Omit<ProgramOptions, 'contexts'> {
  /** What a stall is to the span that was active in its thread: a child, linked to it; or nothing, and not looked for. */
  context: 'child' | 'link' | 'off';
  /** Have the kernel measure the programs' run time. */
  runTimeStats: boolean;
  /** Find out who the stalled processes are, and where they publish their contexts. Absent: nobody is looked into. */
  prober?: ProberOptions;
  /** Called before programs are attached, for each attach plan that is tried. */
  onAttaching?: () => void;
  /** Called when the programs have been detached, before the last records are read. */
  onDetached?: () => void;
}

/** The running kernel: loads and attaches the BPF programs, and decodes their records. */
export class LiveSource implements Source {
  readonly plan: AttachPlan;
  /** Attach plans that come before it, and why they were not taken. */
  readonly passedOver: readonly string[];
  /** Its programs can be preempted, which may lose records. */
  readonly preemptible: boolean;
  /** Why the map of OpenTelemetry eBPF Instrumentation, which is there, is not read. */
  readonly obiObstacle: string | undefined;
  /** Why nobody tells of processes that publish contexts long after they started; undefined also when none are looked for. */
  readonly unnoticed: string | undefined;
  /** Capabilities that it takes to look into processes of other users, should that be wanted, and that are not there. */
  readonly lackingForOthers: readonly string[] = [];
  readonly symbols = new KernelSymbols();
  /** Why run times are not measured although they were asked for: it takes CAP_SYS_ADMIN, and nothing else does. */
  readonly notMeasured: string | undefined;
  readonly #object: BpfObject;
  readonly #runTimeStats: { close(): void } | undefined;
  readonly #decoder: Decoder;
  readonly #books: SourceBooks = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
  readonly #stopped = Promise.withResolvers<void>();
  readonly #onDetached: (() => void) | undefined;
  readonly #prober: ProberClient | undefined;
  readonly #registry: ContextRegistry | undefined;
  readonly #enricher: Enricher | undefined;
  #reader: RingReader | undefined;

  /** Loads and attaches the programs: from here on compactions are seen. Throws a HostError that says what is missing. */
  constructor(options: LiveOptions) {
    this.#onDetached = options.onDetached;
    // It starts while the programs are loaded.
    if (options.prober && seesInitialPids()) {
      this.#prober = new ProberClient(options.prober);
      this.lackingForOthers = lackingCapabilities(['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']);
    }
    const btf = readKernelBtf(options.btfFile);
    const kernel = kernelFeatures(btf);
    const names = kernelNames(btf);
    btf.release();
    if (options.runTimeStats) {
      try {
        this.#runTimeStats = enableRunTimeStats();
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        this.notMeasured = error.message;
      }
    }
    this.#decoder = new Decoder({
      names,
      stacks: new Stacks(this.symbols),
      clock: new EpochClock(readClocks),
      children: options.context === 'child',
    });
    const contexts = options.context !== 'off' && seesInitialPids();
    const { object, plan, passedOver, unnoticed, obiObstacle } = attachPrograms(
      kernel,
      { ...options, contexts },
      options.onAttaching,
    );
    this.#object = object;
    if (this.#prober) {
      this.#enricher = new Enricher(this.#prober);
      if (contexts) {
        this.#registry = new ContextRegistry(object, this.#prober);
        // Before root is given up: where /proc is mounted with hidepid, others see their own processes only.
        this.#registry.lookAtAll();
      }
    }
    this.plan = plan;
    this.preemptible = kernel.preemptibleTracepoints && plan.name !== 'kprobe';
    this.passedOver = passedOver;
    this.obiObstacle = obiObstacle;
    this.unnoticed = unnoticed;
  }

  run(onEvents: (events: readonly CompactionEvent[]) => void): Promise<void> {
    this.#reader = new RingReader(this.#object, 'cs_records', (batch) => {
      const { events, beganNs, malformed, started, published } = this.#decoder.decode(batch);
      for (const pid of started) this.#registry?.started(pid);
      for (const pid of published) this.#registry?.published(pid);
      // A process that says it itself is more to be relied on than OBI, which sees it from outside.
      for (const { context, pid } of events) {
        this.#registry?.stalled(pid, context !== undefined && context.source !== 'obi');
      }
      this.#books.received += events.length + malformed;
      this.#books.decoded += events.length;
      this.#books.malformed += malformed;
      // A batch may have notices only.
      if (events.length === 0) return;
      if (this.#enricher) this.#enricher.enrich(events, beganNs, onEvents);
      else onEvents(events);
    });
    return this.#stopped.promise;
  }

  /** Detaches, and reads what is left in the ring. */
  async stop(): Promise<void> {
    this.#object.detach();
    this.#onDetached?.();
    const deadline = performance.now() + LAST_RECORDS_MS;
    do {
      this.#reader?.drain();
      this.#books.kernel = decodeKernelBooks(this.#object.readVariable('books'));
    } while (!equations(this.#books, []).every(balances) && performance.now() < deadline && (await sleep(1, true)));
    this.#books.pendingBytes = this.#reader?.pendingBytes ?? 0;
    // A notice that was missed is no compaction.
    const ofPlan = this.programStats().filter(({ name }) => this.plan.programs.includes(name));
    this.#books.programMisses = ofPlan.reduce((sum, { recursionMisses }) => sum + recursionMisses, 0);
    const late = setTimeout(() => this.#prober?.leaveUnanswered(), LAST_ANSWERS_MS);
    await this.#enricher?.settled();
    clearTimeout(late);
    if (this.#registry) this.#books.probes = this.#registry.books;
    this.#stopped.resolve();
  }

  books(): SourceBooks {
    return this.#books;
  }

  programStats(): ProgramStats[] {
    return this.#object.programStats();
  }

  /** What libbpf said while loading. */
  loaderLog(): string {
    return this.#object.log;
  }

  async close(): Promise<void> {
    this.#registry?.close();
    this.#reader?.close();
    this.#runTimeStats?.close();
    this.#object.close();
    this.symbols.close();
    await this.#prober?.close();
  }
}
