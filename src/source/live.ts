// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfError, BpfObject, enableRunTimeStats, type ProgramStats, readClocks } from 'bpf-loader-native';
import { TRIGGER } from '../abi.generated.ts';
import { balances, decodeKernelBooks, equations, type SourceBooks } from '../books.ts';
import { EXIT, hostError, systemWords, UserError } from '../errors.ts';
import type { CompactionEvent, Trigger } from '../event.ts';
import { missingCapabilities } from '../kernel/capabilities.ts';
import { EpochClock } from '../kernel/clock.ts';
import { kernelNames } from '../kernel/names.ts';
import { type AttachPlan, chooseAttachPlan, readKernelBtf } from '../kernel/plan.ts';
import { KernelSymbols } from '../kernel/symbols.ts';
import { Decoder } from './decode.ts';
import { Processes, seesInitialPids } from './processes.ts';
import { RingReader } from './reader.ts';
import type { Source } from './source.ts';
import { Stacks } from './stacks.ts';

const OBJECT = new URL('../../bpf/build/compaction.bpf.o', import.meta.url);
/** A program that was running while it was detached ends within microseconds; the books may lack its half so long. */
const LAST_RECORDS_MS = 200;

export interface LiveOptions {
  /** Thread group id; all when absent. */
  pid?: number;
  minDurationNs: number;
  triggers: readonly Trigger[];
  /** Whether stacks are taken, which is most of what an event costs. */
  stacks: boolean;
  /** A power of two. */
  ringBytes: number;
  /** Have the kernel measure the programs' run time. */
  runTimeStats: boolean;
  /** Called when the programs have been detached, before the last records are read. */
  onDetached?: () => void;
}

/** The running kernel: loads and attaches the BPF programs, and decodes their records. */
export class LiveSource implements Source {
  readonly plan: AttachPlan;
  readonly symbols = new KernelSymbols();
  readonly #object: BpfObject;
  readonly #runTimeStats: { close(): void } | undefined;
  readonly #decoder: Decoder;
  readonly #books: SourceBooks = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
  readonly #stopped = Promise.withResolvers<void>();
  readonly #onDetached: (() => void) | undefined;
  #reader: RingReader | undefined;

  /** Loads the programs. Throws a UserError that says what is missing. */
  constructor(options: LiveOptions) {
    this.#onDetached = options.onDetached;
    const btf = readKernelBtf();
    this.plan = chooseAttachPlan(btf);
    const names = kernelNames(btf);
    btf.release();
    this.#object = load(this.plan, options);
    this.#runTimeStats = options.runTimeStats ? enableRunTimeStats() : undefined;
    this.#decoder = new Decoder({
      names,
      stacks: new Stacks(this.symbols),
      processes: seesInitialPids() ? new Processes() : undefined,
      clock: new EpochClock(readClocks),
    });
  }

  /** From here on compactions are seen. Throws a UserError when the kernel refuses. */
  attach(): void {
    try {
      this.#object.attach(this.plan.programs);
    } catch (error) {
      throw refused('attach', error);
    }
  }

  run(onEvents: (events: readonly CompactionEvent[]) => void): Promise<void> {
    this.#reader = new RingReader(this.#object, 'records', (batch) => {
      const { events, malformed } = this.#decoder.decode(batch);
      this.#books.received += events.length + malformed;
      this.#books.decoded += events.length;
      this.#books.malformed += malformed;
      onEvents(events);
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
    this.#books.programMisses = this.programStats().reduce((sum, { recursionMisses }) => sum + recursionMisses, 0);
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

  close(): void {
    this.#reader?.close();
    this.#runTimeStats?.close();
    this.#object.close();
    this.symbols.close();
  }
}

function load(plan: AttachPlan, options: LiveOptions): BpfObject {
  let object: Buffer;
  try {
    object = readFileSync(OBJECT);
  } catch (error) {
    throw new UserError(
      EXIT.FAILURE,
      `the BPF object is missing: ${OBJECT.pathname}: ${systemWords(error)}. Build it with ./setup.sh.`,
    );
  }
  try {
    return BpfObject.load({
      object,
      name: 'compactstall',
      programs: plan.programs,
      constants: {
        only_pid: options.pid ?? 0,
        trigger_mask: options.triggers.reduce((mask, name) => mask | (1 << triggerNumber(name)), 0),
        min_duration_ns: options.minDurationNs,
        take_stack: options.stacks,
        wake_fill_bytes: options.ringBytes / 4,
      },
      mapSizes: { records: options.ringBytes },
    });
  } catch (error) {
    throw refused('load', error);
  }
}

function triggerNumber(name: Trigger): number {
  return TRIGGER[name.toUpperCase() as keyof typeof TRIGGER];
}

/** The kernel's refusal in words. A BpfError's log goes to `--verbose`. */
function refused(what: 'load' | 'attach', error: unknown): unknown {
  if (!(error instanceof BpfError)) return error;
  const missing = missingCapabilities();
  if (missing.length > 0) {
    return hostError(
      `may not ${what} BPF programs: ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing. ` +
        'Run it as root (sudo), or grant the capabilities.',
      error.log,
    );
  }
  return hostError(
    `this kernel refused to ${what} the BPF programs: ${error.message} ` +
      'Run again with --verbose for the whole log.',
    error.log,
  );
}
