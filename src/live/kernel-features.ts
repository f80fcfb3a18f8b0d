// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { HostError, systemWords, usageError } from '../errors.ts';
import { type Hidden, hiddenKernelFile } from '../host/kernel-file.ts';
import { Btf } from '../kernel/btf.ts';
import { TRACING } from '../kernel/gfp-flags.ts';
import { findTextSymbols } from '../kernel/kallsyms.ts';
import { message } from '../messages/message.ts';

/** What the running kernel has to attach to, as it reports itself and not by its version: vendors backport. */
export interface KernelFeatures {
  /** It describes its own types, as programs of the kinds tp_btf and fentry require, and this process sees that. */
  ownBtf: boolean;
  /** What hides that description from this process. */
  btfHidden?: Hidden | undefined;
  tracepoints: boolean;
  /** The begin and end tracepoints pass `struct compact_control *` (5.18 and later, and backports). */
  tracepointsPassControl: boolean;
  /** Its BTF has compact_zone(), which takes `struct compact_control *` first (5.4 and later). */
  compactZoneTakesControl: boolean;
  /** Names like compact_zone in the symbol table; undefined when it cannot be read. */
  compactZoneNames(): readonly string[] | undefined;
  /** undefined when this process does not see the kernel's event sources, so that only an attempt can tell. */
  kprobes: boolean | undefined;
  /** Its description of the compaction tracepoints in tracefs is readable. */
  tracefs: boolean;
  /**
   * A program on a raw tracepoint can be preempted. Meanwhile the kernel skips it for other threads on that CPU, and their
   * records are lost. True from 7.0 on (SRCU guards the tracepoints); only the version shows it.
   */
  preemptibleTracepoints: boolean;
}

/** compact_zone as the compiler may emit it: as is, with a prefix or a suffix; not its cold parts. */
const COMPACT_ZONE = /^_*compact_zone(?:\.(?!cold)\S+)?$/;

export interface FeaturePaths {
  btf: string;
  kallsyms: string;
  kprobes: string;
  tracing: readonly string[];
}

export const FEATURE_PATHS: FeaturePaths = {
  btf: '/sys/kernel/btf/vmlinux',
  kallsyms: '/proc/kallsyms',
  kprobes: '/sys/bus/event_source/devices/kprobe',
  tracing: TRACING,
};

/**
 * BTF from a file, or from the running kernel. Throws a usage error for a file that is not BTF, and a HostError when the
 * kernel has none, or this process does not see it.
 */
export function readKernelBtf(given?: string, running = FEATURE_PATHS.btf, hidden = hiddenKernelFile): Btf {
  const file = given ?? running;
  const own = given === undefined;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (!own) throw usageError(`--btf ${file}: cannot be read: ${systemWords(error)}.`);
    throwIfHidden(file, hidden);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new HostError(
        message('types_unreadable', { file, reason: systemWords(error) }, 'Let this process read it.'),
      );
    }
    const todo = 'Use a kernel built with CONFIG_DEBUG_INFO_BTF=y, or give its BTF with compactstall run --btf FILE.';
    throw new HostError(message('types_missing', { file, reason: systemWords(error) }, todo));
  }
  try {
    // Node reads a small file into memory that other buffers share.
    return new Btf(bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes));
  } catch (error) {
    const todo = 'Give its BTF with compactstall run --btf FILE.';
    const malformed = message('types_malformed', { file, reason: systemWords(error) }, todo);
    if (own) throwIfHidden(file, hidden);
    else throw usageError(`--btf ${malformed.why} pahole --btf_encode_detached=FILE vmlinux creates it.`);
    throw new HostError(malformed);
  }
}

function throwIfHidden(file: string, hidden: typeof hiddenKernelFile): void {
  const covered = hidden(file);
  if (covered === undefined) return;
  throw new HostError(message('types_hidden', { file, reason: covered.why }, covered.todo));
}

export function kernelFeatures(
  btf: Btf,
  paths: FeaturePaths = FEATURE_PATHS,
  version = release(),
  hidden = hiddenKernelFile,
): KernelFeatures {
  const btfHidden = hidden(paths.btf);
  // The first parameter is the tracepoint's own data pointer.
  const begin = btf.functionPointerParameters('btf_trace_mm_compaction_begin');
  return {
    ownBtf: btfHidden === undefined && existsSync(paths.btf),
    btfHidden,
    tracepoints: begin !== undefined,
    tracepointsPassControl: begin?.[1] === 'compact_control *',
    compactZoneTakesControl: btf.functionParameters('compact_zone')?.[0] === 'compact_control *',
    compactZoneNames: once(() => findTextSymbols(paths.kallsyms, 'compact_zone', COMPACT_ZONE)),
    kprobes: existsSync(paths.kprobes) || (hidden(paths.kprobes) === undefined ? false : undefined),
    tracefs: paths.tracing.some((mount) => canRead(`${mount}/events/compaction/mm_compaction_begin/id`)),
    preemptibleTracepoints: Number.parseInt(version, 10) >= 7,
  };
}

function canRead(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}

function once<T>(find: () => T): () => T {
  let found: { value: T } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}
