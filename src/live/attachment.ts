// SPDX-License-Identifier: Apache-2.0
import { BpfError, type BpfObject, enableRunTimeStats, readClocks } from 'bpf-loader-native';
import { PUBLISHER_SIZE } from '../abi.generated.ts';
import { Enricher } from '../enrich/enricher.ts';
import type { ProberOptions } from '../enrich/prober-client.ts';
import { HostError } from '../errors.ts';
import type { EventHost } from '../event/event.ts';
import type { RelationWanted } from '../event/relation.ts';
import { lackingCapabilities } from '../host/capabilities.ts';
import { pidNamespace } from '../host/pid-namespace.ts';
import { foreignMemoryClosed } from '../host/ptrace-scope.ts';
import { EpochClock } from '../kernel/clock.ts';
import { type KernelNames, kernelNames } from '../kernel/names.ts';
import { KernelSymbols } from '../kernel/symbols.ts';
import { clocksOutside, timeOffsets } from '../kernel/time-namespace.ts';
import { readScanCounters } from '../kernel/vmstat.ts';
import { message, type Obstacle } from '../messages/message.ts';
import type { AttachPlan } from './attach-plan.ts';
import { attachPrograms, type ProgramOptions } from './attach-programs.ts';
import { hiddenSymbols } from './hidden-symbols.ts';
import { kernelFeatures, readKernelBtf } from './kernel-features.ts';
import { PinFolder } from './pin-folder.ts';
import type { Pinning } from './pinned-programs.ts';
import { RingReader } from './ring-reader.ts';
import type { Baseline } from './settlement.ts';
import { StartedProcesses } from './started-processes.ts';

const PUBLISHERS = 'cs_publishers';
const PUBLISHER_KEY_SIZE = 4;

/** The limit behind an error, when the ring buffer cannot get its memory, thread or descriptors. */
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
  /** What events say of this host; without it, nothing. */
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

/** The result of attaching, and what this process cannot see of the host. */
export interface Attachment {
  plan: AttachPlan;
  /** Where other processes are seen. */
  procfs: string;
  /** Attach plans that come before it, and why they do not fit. */
  passedOver: readonly string[];
  /** Whether its programs can be preempted, which may lose records. */
  preemptible: boolean;
  /** Why the map of OpenTelemetry eBPF Instrumentation exists but is not read. */
  obiObstacle: string | undefined;
  /** Why publications long after a process's start are not seen; undefined also when contexts are not looked for. */
  publicationsUnseen: string | undefined;
  /** Missing capabilities that the prober needs for processes of other users. */
  lackingForOthers: readonly string[];
  /** Whether no process may read the memory of another, and the prober would. */
  foreignMemoryClosed: boolean;
  /** Why stacks have addresses instead of names. Found out at the start: later the agent has no capabilities. */
  hiddenSymbols: Obstacle | undefined;
  /** Why run times are not measured although they were asked for: only they require CAP_SYS_ADMIN. */
  notMeasured: string | undefined;
  /** The result of `pin`. */
  pinning: Pinning | undefined;
}

/** What is open then. */
export interface LiveParts {
  attachment: Attachment;
  object: BpfObject;
  reader: RingReader;
  symbols: KernelSymbols;
  names: KernelNames;
  clock: EpochClock;
  monotonicNs: () => bigint;
  enricher: Enricher | undefined;
  started: StartedProcesses | undefined;
  runTimeStats: { close(): void } | undefined;
  /** With `pin`, around the programs' attachment; undefined where they were attached before, or it cannot be read. */
  baseline: Baseline | undefined;
}

interface Closable {
  close(): unknown;
}

/** Loads and attaches the programs; compactions are seen from here on. Throws a HostError that says what is missing. */
export function attach(options: LiveOptions): LiveParts {
  const opened: Closable[] = [];
  try {
    return open(options, (part) => {
      opened.push(part);
      return part;
    });
  } catch (error) {
    // A program that uses the library goes on without compactions: it must not keep a prober.
    for (const part of opened.reverse()) void part.close();
    throw error;
  }
}

/** @param opens called with each part that has to be closed where the next one fails */
function open(options: LiveOptions, opens: <T extends Closable>(part: T) => T): LiveParts {
  const procfs = options.procfs ?? '/proc';
  const pins = options.pin && PinFolder.open(options.pin.folder);
  const namespace = pidNamespace(procfs);
  const offsets = timeOffsets(readClocks);
  // Started first: it gets ready while the programs are loaded.
  const enricher =
    options.prober && namespace !== undefined ? opens(new Enricher({ ...options.prober, procfs })) : undefined;
  const symbols = opens(new KernelSymbols());
  const btf = readKernelBtf(options.btfFile);
  const kernel = kernelFeatures(btf);
  const names = kernelNames(btf);
  btf.release();
  const { runTimeStats, notMeasured } = options.runTimeStats ? measureRunTimes() : {};
  if (runTimeStats) opens(runTimeStats);
  const clocks = clocksOutside(readClocks, offsets);
  const contexts = options.context !== 'off';
  let reader: RingReader | undefined;
  let before: Baseline['before'] | undefined;
  const { object, plan, passedOver, publicationsUnseen, obiObstacle, pinning } = attachPrograms(
    kernel,
    {
      ...options,
      ...(pins && { pins }),
      contexts,
      markOwnFrames: !symbols.available,
      pidNamespace: namespace,
      boottimeOffsetNs: offsets.startsNs,
    },
    (loaded) => {
      reader = openRing(loaded, pins !== undefined);
      if (pins) before = scanCountersIfReadable();
      options.onAttaching?.();
    },
  );
  opens(object);
  const baseline = before && { before, attached: readScanCounters() };
  const monotonicNs = () => clocks().monotonicNs;
  let started: StartedProcesses | undefined;
  if (contexts && enricher) {
    if (pinning?.adopted) forgetPublishers(object);
    enricher.fillContexts(object);
    started = opens(new StartedProcesses(object, monotonicNs, (pid) => enricher.started(pid)));
  }
  const attachment: Attachment = {
    plan,
    procfs,
    passedOver,
    preemptible: kernel.preemptibleTracepoints && plan.name !== 'kprobe',
    obiObstacle,
    publicationsUnseen,
    lackingForOthers: enricher ? lackingCapabilities(['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']) : [],
    foreignMemoryClosed: enricher !== undefined && foreignMemoryClosed(),
    hiddenSymbols: hiddenSymbols(symbols),
    notMeasured,
    pinning,
  };
  const clock = new EpochClock(clocks);
  const parts = { object, reader: reader!, symbols, names, clock, monotonicNs, enricher, started, runTimeStats };
  return { attachment, ...parts, baseline };
}

function measureRunTimes(): { runTimeStats?: { close(): void }; notMeasured?: string } {
  try {
    return { runTimeStats: enableRunTimeStats() };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return { notMeasured: error.message };
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
function scanCountersIfReadable(): Baseline['before'] | undefined {
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
