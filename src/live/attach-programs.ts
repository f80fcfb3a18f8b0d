// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { BpfError, BpfObject, bpfRefusal, type LoadOptions, perfEventOpenRefusal } from 'bpf-loader-native';
import { TRIGGER } from '../abi.generated.ts';
import { HostError, InstallError, systemWords } from '../errors.ts';
import type { Trigger } from '../event/event.ts';
import { lackingCapabilities, privilegeError } from '../host/capabilities.ts';
import type { PidNamespace } from '../host/pid-namespace.ts';
import { bpfRefused, refusedBy, seccompFiltered } from '../host/refused-calls.ts';
import { BUILD, installedNative } from '../installation.ts';
import { message } from '../messages/message.ts';
import type { AggregateRows } from './aggregates.ts';
import { type AttachPlan, attachPlans, type PlanName } from './attach-plan.ts';
import type { KernelFeatures } from './kernel-features.ts';
import { obiMapPath } from './obi.ts';
import type { PinFolder } from './pin-folder.ts';
import { adopt, type Pinning, pin } from './pinned-programs.ts';

/**
 * For processes that may have contexts: those that started a program, and those that publish. The last is a kprobe in every
 * plan; a kernel without kprobes does not get it.
 */
const STARTS = ['cs_process_exit', 'cs_process_exec'];
const PUBLICATION_EVENTS = 'cs_process_publication';

/**
 * A file that is named counts as complete. Otherwise libbpf also searches the kernel's modules for a type that the kernel lacks; listing them needs CAP_SYS_ADMIN, and version 1.1 fails without it.
 */
const KERNEL_BTF = '/sys/kernel/btf/vmlinux';
const OBJECT = installedNative('bpf', 'compaction.bpf.o');
/** Not the inode of any namespace. */
const NO_NAMESPACE = 0xffff_ffff;
/** Longer than any compaction. */
const NEVER = 2n ** 64n - 1n;
/** For stack_share of bpf/stack_budget.h: no budget, and the whole. */
const ALL_STACKS = 0xffff_ffff;
const WHOLE_SHARE = 2 ** 20;
/** An LRU map sets entries aside for each CPU; with fewer than these it evicts entries that are in use. */
const ENTRIES_PER_CPU = 256;
const MIN_ENTRIES = 4096;

export interface ProgramOptions {
  /** The only plan to try. */
  attach?: PlanName;
  /** A file with the kernel's BTF, for kernels that do not provide it. */
  btfFile?: string;
  /** Thread group id, in the PID namespace below; all when absent. */
  pid?: number;
  minDurationNs: number;
  triggers: readonly Trigger[];
  /** The most records per second, after a burst; no limit when absent (bpf/rate_limit.h). */
  maxSpansPerSecond?: number;
  /** The shortest compaction whose stack is taken; no stacks when absent. */
  stackMinDurationNs?: number;
  /** The share of the compactions' own time that stacks may take (bpf/stack_budget.h); all are taken when absent. */
  stackBudget?: number;
  /** Whether frames that belong to tracing are told apart in the kernel, because they will have no names. */
  markOwnFrames: boolean;
  /** Whether to look for the span that was active in a stalled thread. */
  contexts: boolean;
  /** The namespace whose pids records have; undefined when it is not known, and records have none. */
  pidNamespace: PidNamespace | undefined;
  /** What a time namespace adds to the start times of processes in /proc/PID/stat. */
  boottimeOffsetNs: bigint;
  /** A power of two. */
  ringBytes: number;
  /** Room for the sums over all compactions; they are not kept when absent. */
  aggregates?: AggregateRows;
  /** Where the programs stay attached when this process ends; without it they end with it. */
  pins?: PinFolder;
}

export interface Attached extends Loaded {
  plan: AttachPlan;
  /** Plans that come before it, and why they were not taken. */
  passedOver: readonly string[];
}

interface Loaded {
  object: BpfObject;
  /** Why publications of contexts are not seen; undefined when they are. */
  publicationsUnseen?: string | undefined;
  /** Why the map of OpenTelemetry eBPF Instrumentation exists but is not read. */
  obiObstacle?: string;
  /** Absent without a folder for pins. */
  pinning?: Pinning;
}

/**
 * Loads and attaches the programs of the first plan that the kernel takes. Throws a HostError that says what is missing.
 *
 * @param onLoaded called before programs are attached, for each plan that is tried
 */
export function attachPrograms(
  kernel: KernelFeatures,
  options: ProgramOptions,
  onLoaded = (_object: BpfObject) => {},
): Attached {
  if (!kernel.tracepoints) {
    const todo = 'Use a kernel built with CONFIG_COMPACTION=y and CONFIG_TRACEPOINTS=y.';
    throw new HostError(message('no_tracepoints', {}, todo));
  }
  const bytes = readObject();
  const passedOver: string[] = [];
  const logs: string[] = [];
  let refused = false;
  for (const plan of attachPlans(kernel)) {
    if (options.attach !== undefined && options.attach !== plan.name) continue;
    const obstacle = plan.obstacle(kernel);
    if (obstacle !== undefined) {
      if (plan.probeReads) passedOver.push(`${plan.name}: ${obstacle}`);
      continue;
    }
    try {
      return { ...attachPlan(plan, bytes, kernel, options, onLoaded), plan, passedOver };
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      throwIfPrivilegesAreMissing(error);
      throwIfBpfIsRefused(error);
      throwIfMemoryIsLimited(error);
      refused = true;
      passedOver.push(`${plan.name}${plan.probeReads ? '' : ' without probe reads'}: ${refusal(error)}`);
      if (error.log) logs.push(error.log);
    }
  }
  const plans = passedOver.map((why) => endSentence(why)).join(' ');
  const todo = refused ? nextStepRefused(logs) : nextStep(options, kernel);
  throw new HostError(message('cannot_attach', { plans }, todo), logs.join('\n'));
}

function attachPlan(
  plan: AttachPlan,
  bytes: Buffer,
  kernel: KernelFeatures,
  options: ProgramOptions,
  onLoaded: (object: BpfObject) => void,
): Loaded {
  const perThread = Math.max(MIN_ENTRIES, ENTRIES_PER_CPU * availableParallelism());
  // libbpf mistakes a kernel that forbids reads of kernel memory for one that is too old to read process memory.
  const contexts = options.contexts && plan.probeReads;
  const marksFrames = options.markOwnFrames && options.stackMinDurationNs !== undefined;
  const programs = contexts ? [...STARTS, ...plan.programs] : plan.programs;
  const publications = contexts && kernel.kprobes ? [PUBLICATION_EVENTS] : [];
  const mayListModules = lackingCapabilities(['CAP_SYS_ADMIN']).length === 0;
  const btfPath = options.btfFile ?? (mayListModules ? undefined : KERNEL_BTF);
  const obiMap = contexts ? obiMapPath() : undefined;
  const wanted: LoadOptions = {
    object: bytes,
    name: 'compactstall',
    programs: [...programs, ...publications],
    constants: {
      only_pid: options.pid ?? 0,
      pid_namespace_inode: options.pidNamespace?.isFirst ? 0 : (options.pidNamespace?.inode ?? NO_NAMESPACE),
      pid_namespace_device: options.pidNamespace?.device ?? 0,
      boottime_offset_ns: options.boottimeOffsetNs,
      trigger_mask: options.triggers.reduce((mask, name) => mask | (1 << triggerNumber(name)), 0),
      min_duration_ns: options.minDurationNs,
      record_price_ns: options.maxSpansPerSecond === undefined ? 0 : Math.floor(1e9 / options.maxSpansPerSecond),
      stack_min_duration_ns: options.stackMinDurationNs ?? NEVER,
      stack_share: options.stackBudget === undefined ? ALL_STACKS : Math.floor(options.stackBudget * WHOLE_SHARE),
      mark_own_frames: marksFrames,
      wake_fill_bytes: options.ringBytes / 4,
      read_contexts: contexts,
      direct_loads: plan.directLoads,
      probe_reads: plan.probeReads,
      tracepoints_pass_control: kernel.tracepointsPassControl,
      aggregates: options.aggregates !== undefined,
      pinned: options.pins !== undefined,
    },
    mapSizes: {
      cs_records: options.ringBytes,
      cs_threads: perThread,
      ...(marksFrames && { cs_first_frames: perThread }),
      ...(options.maxSpansPerSecond !== undefined && { cs_first_ones: perThread }),
      ...(options.aggregates && {
        cs_aggregates: options.aggregates.compactions,
        cs_stalls: options.aggregates.cgroups,
      }),
    },
    ...(btfPath !== undefined && { btfPath }),
  };
  const { pins } = options;
  const pinned = obiMap === undefined ? wanted : withObi(wanted, obiMap);
  const adopted = pins && adopt(pins, pinned, programs);
  const loaded = adopted ? { object: adopted } : loadWithObi(obiMap, wanted);
  try {
    onLoaded(loaded.object);
    if (!adopted) loaded.object.attach(programs);
    return {
      ...loaded,
      ...(contexts && {
        publicationsUnseen: attachPublications(loaded.object, adopted !== undefined, publications, kernel),
      }),
      ...(adopted && obiMap !== undefined && obiObstacleOf(adopted)),
      ...(pins && { pinning: adopted ? { adopted: true } : pin(pins, loaded.object, pinned) }),
    };
  } catch (error) {
    loaded.object.close();
    throw error;
  }
}

/** Attaches where the kernel allows it. @returns why it does not */
function attachPublications(
  object: BpfObject,
  adopted: boolean,
  programs: readonly string[],
  { kprobes }: KernelFeatures,
): string | undefined {
  if (programs.length === 0) {
    return kprobes === false ? 'this kernel is built without kprobes' : 'the event sources in /sys are hidden';
  }
  if (programs.every((name) => object.attached.includes(name))) return undefined;
  if (adopted) return 'they could not be attached when the programs were loaded';
  try {
    object.attach(programs);
    return undefined;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return perfEventOpenRefused() ?? withoutLog(error.message);
  }
}

/** Loads with OBI's map. @param map where it is pinned; loads without it when there is none, or it is of another kind */
function loadWithObi(map: string | undefined, options: LoadOptions): Loaded {
  if (map === undefined) return { object: BpfObject.load(options) };
  try {
    return { object: BpfObject.load(withObi(options, map)) };
  } catch (error) {
    if (!(error instanceof BpfError && error.code === 'PIN_FAILED')) throw error;
    return { object: BpfObject.load(options), obiObstacle: error.message };
  }
}

/** Why an earlier agent's programs do not read the map of OpenTelemetry eBPF Instrumentation. */
const obiObstacleOf = (object: BpfObject): { obiObstacle?: string } =>
  object.readVariable('read_obi_contexts')[0] === 1
    ? {}
    : { obiObstacle: 'It could not be read when the programs were loaded.' };

const withObi = (options: LoadOptions, map: string): LoadOptions => ({
  ...options,
  constants: { ...options.constants, read_obi_contexts: true },
  pinnedMaps: { cs_obi_contexts: map },
});

/** Reads the BPF object. Throws an InstallError when it is missing. */
export function readObject(): Buffer {
  try {
    return readFileSync(OBJECT);
  } catch (error) {
    const fields = { file: OBJECT, reason: systemWords(error) };
    throw new InstallError(message('bpf_object_missing', fields, BUILD));
  }
}

function throwIfPrivilegesAreMissing({ log }: BpfError): void {
  const error = privilegeError(undefined, log);
  if (error !== undefined) throw error;
}

function throwIfBpfIsRefused({ log }: BpfError): void {
  const errno = bpfRefusal();
  if (errno !== undefined) throw bpfRefused(errno, seccompFiltered(), log);
}

/** Before 5.11 BPF memory counts against RLIMIT_MEMLOCK, which libbpf tries to raise. */
function throwIfMemoryIsLimited({ message: words, log = '' }: BpfError): void {
  const [major = 0, minor = 0] = release().split('.', 2).map(Number);
  if (major > 5 || (major === 5 && minor >= 11) || !/RLIMIT_MEMLOCK/.test(words + log)) return;
  const todo =
    'Set LimitMEMLOCK=infinity in the systemd unit (ulimit -l unlimited in a shell), or grant CAP_SYS_RESOURCE.';
  throw new HostError(message('memory_locked', {}, todo), log);
}

/** The verifier's words for a helper that this kernel denies. */
const NO_PROBE_READS = /(?:unknown func|cannot use helper) bpf_probe_read/;

function refusal({ code, message, log = '' }: BpfError): string {
  if (NO_PROBE_READS.test(log)) return 'the kernel forbids probe reads (lockdown=confidentiality)';
  return (code === 'ATTACH_FAILED' && perfEventOpenRefused()) || `refused: ${withoutLog(message)}`;
}

/** Kprobes and classic tracepoints are attached by perf_event_open(2). */
function perfEventOpenRefused(): string | undefined {
  const errno = perfEventOpenRefusal();
  return errno && `every call of perf_event_open(2) is refused (${errno}): ${refusedBy(seccompFiltered())}`;
}

/** Drops the pointer to the property `log`, which is for programmers. */
const withoutLog = (message: string): string => message.replace(/ [^.]* in the property `log`\.$/, '');

function nextStepRefused(logs: readonly string[]): string {
  return logs.some((log) => NO_PROBE_READS.test(log))
    ? 'Boot with lockdown=integrity, or use a kernel that tp_btf fits.'
    : 'compactstall run --verbose prints the whole log.';
}

function nextStep({ attach }: ProgramOptions, { btfHidden }: KernelFeatures): string {
  if (btfHidden !== undefined) return btfHidden.todo;
  return attach === undefined
    ? 'Use another kernel; compactstall doctor gives details.'
    : 'Omit --attach, so that another plan can be used.';
}

function triggerNumber(name: Trigger): number {
  return TRIGGER[name.toUpperCase() as keyof typeof TRIGGER];
}

function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
