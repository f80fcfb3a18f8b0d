// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { HostError, systemWords } from '../errors.ts';
import { Btf } from './btf.ts';
import { TRACING } from './gfp-flags.ts';

/** What the running kernel offers to attach to, by what it says of itself and never by its version: vendors backport. */
export interface KernelOffers {
  /** It describes its own types, which programs of the kinds tp_btf and fentry need. */
  ownBtf: boolean;
  tracepoints: boolean;
  /** The begin and end tracepoints pass `struct compact_control *` (5.18 and later, and backports). */
  tracepointsPassControl: boolean;
  /** compact_zone() is described, and takes `struct compact_control *` first (5.4 and later). */
  compactZoneTakesControl: boolean;
  /** Names like compact_zone in the symbol table; undefined when it cannot be read. */
  compactZoneNames(): readonly string[] | undefined;
  kprobes: boolean;
  /** Its description of the compaction tracepoints can be read. */
  tracefs: boolean;
  /**
   * A program on a raw tracepoint can be preempted, and is then not run for the other threads of that CPU: their records
   * are lost. So it is from 7.0 on (tracepoints guarded by SRCU), and nothing but the version tells.
   */
  preemptibleTracepoints: boolean;
}

export interface OfferPaths {
  btf: string;
  kallsyms: string;
  kprobes: string;
  tracing: readonly string[];
}

export const OFFER_PATHS: OfferPaths = {
  btf: '/sys/kernel/btf/vmlinux',
  kallsyms: '/proc/kallsyms',
  kprobes: '/sys/bus/event_source/devices/kprobe',
  tracing: TRACING,
};

/** BTF from a file, or the running kernel's. Throws a HostError that says what is missing. */
export function readKernelBtf(file = OFFER_PATHS.btf): Btf {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const own = file === OFFER_PATHS.btf;
    throw new HostError(
      `${own ? 'this kernel does not describe its types: ' : 'cannot read the BTF: '}${file}: ${systemWords(error)}.`,
      own
        ? 'Use a kernel built with CONFIG_DEBUG_INFO_BTF=y, or give its BTF with --btf FILE.'
        : 'Give a file of raw BTF to --btf.',
    );
  }
  try {
    return new Btf(bytes);
  } catch (error) {
    throw new HostError(
      `${file} cannot be read as BTF: ${systemWords(error)}.`,
      'It must be raw BTF of this kernel, as pahole --btf_encode_detached=FILE vmlinux makes it.',
    );
  }
}

export function kernelOffers(btf: Btf, paths: OfferPaths = OFFER_PATHS, version = release()): KernelOffers {
  // The first parameter is the tracepoint's own data pointer.
  const begin = btf.functionPointerParameters('btf_trace_mm_compaction_begin');
  return {
    ownBtf: existsSync(paths.btf),
    tracepoints: begin !== undefined,
    tracepointsPassControl: begin?.[1] === 'compact_control *',
    compactZoneTakesControl: btf.functionParameters('compact_zone')?.[0] === 'compact_control *',
    compactZoneNames: () => compactZoneNames(paths.kallsyms),
    kprobes: existsSync(paths.kprobes),
    tracefs: paths.tracing.some((mount) => canRead(`${mount}/events/compaction/mm_compaction_begin/id`)),
    preemptibleTracepoints: Number.parseInt(version, 10) >= 7,
  };
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** compact_zone as the compiler left it: under that name, with a suffix of its own, renamed, or not at all. */
function compactZoneNames(path: string): readonly string[] | undefined {
  try {
    const symbols = readFileSync(path, 'latin1').matchAll(/^\S+ [tTwW] (_*compact_zone(?:\.(?!cold)\S+)?)$/gm);
    return [...symbols].map(([, name]) => name!);
  } catch {
    return undefined;
  }
}
