// SPDX-License-Identifier: Apache-2.0
import { Lru } from '../lru.ts';
import {
  FROM_OUTSIDE,
  MAX_PROCESSES,
  type ProcessFacts,
  type ProcessIdentity,
  unknownService,
} from '../prober/protocol.ts';
import { isSameExec, startStackOf, TICK_NS } from '../procfs/stat.ts';

/**
 * A process that has ended counts as the last one seen under its pid if both started at the same time. If the record has no start time, it counts as that one until this long after that one was last seen.
 */
const SAME_NS = 1_000_000_000n;

/** The thread that stalled, as its record shows it. Pid 0: a kernel thread, or a process outside of the PID namespace. */
export interface Thread {
  pid: number;
  tid: number;
  comm: string;
}

/** The program that the stalled thread's process ran, as its record shows it. */
export interface Program {
  /** When the process started, in ticks since boot modulo 2^32; 0 when that is not known. */
  startTicks: number;
  /** As in ProcStat: exec changes it, fork does not. 0 when that is not known. */
  startStack: bigint;
  /** The pid of the parent, if the process has not called exec since it was forked; otherwise 0. */
  forkedFrom: number;
}
const UNKNOWN: Program = { startTicks: 0, startStack: 0n, forkedFrom: 0 };

interface Known {
  identity: ProcessIdentity;
  facts: ProcessFacts;
  /** The last stall after which it still ran, CLOCK_BOOTTIME. */
  seenNs: bigint;
}

/** What the prober saw of a process: no identity when the process had ended, no `known` for kernel threads. */
export interface Seen {
  identity: ProcessIdentity | undefined;
  known: Known | undefined;
}

/** Matches stalls with the processes that were seen under their pids. A wrong match is worse than none. */
export class Matcher {
  readonly #services: boolean;
  readonly #known = new Lru<number, Known>(MAX_PROCESSES);
  readonly #batch = new Map<number, Seen>();
  readonly #unseen = new Map<string, ProcessFacts>();

  /** @param services whether to name the service as well */
  constructor(services: boolean) {
    this.#services = services;
  }

  newBatch(): void {
    this.#batch.clear();
    this.#unseen.clear();
  }

  /** The version of the facts about a process, 0 without any. */
  version(pid: number): number {
    return this.#known.peek(pid)?.identity.version ?? 0;
  }

  /**
   * Remembers an answer of the prober. Called in the order of the answers.
   * @param identity what runs in that process now, with facts only if they have changed; undefined: it has ended
   */
  remember(pid: number, identity: ProcessIdentity | undefined): Seen {
    const before = this.#known.peek(pid);
    if (identity === undefined) return { identity, known: before };
    const same = before !== undefined && isSameExec(before.identity, identity);
    const version = same && identity.version === FROM_OUTSIDE ? before.identity.version : identity.version;
    const facts = same && version === before.identity.version ? before.facts : identity.facts;
    if (identity.isKernelThread || facts === undefined) {
      this.#known.delete(pid);
      return { identity, known: undefined };
    }
    const now = { identity: { ...identity, version }, facts };
    // Earlier batches may still look at it.
    const known = same ? Object.assign(before, now) : { ...now, seenNs: 0n };
    this.#known.set(pid, known);
    return { identity, known };
  }

  /** Adds an answer to this batch. */
  saw(pid: number, seen: Seen): void {
    this.#batch.set(pid, seen);
  }

  /**
   * @param atNs when the thread stalled, CLOCK_BOOTTIME; a process that started later merely has the same pid
   */
  lookUp({ pid, tid, comm }: Thread, atNs: bigint, program = UNKNOWN): ProcessFacts {
    if (pid === 0) return {};
    const { identity, known } = this.#batch.get(pid) ?? { identity: undefined, known: this.#known.peek(pid) };
    if (identity?.isKernelThread && identity.startedNs <= atNs) return {};
    if (known !== undefined && isOf(known.identity, comm, tid === pid, atNs)) {
      if (identity === undefined) {
        if (isLast(known, atNs, program)) return known.facts;
      } else {
        if (atNs > known.seenNs) known.seenNs = atNs;
        return known.facts;
      }
    }
    return this.#factsOfParent(program, comm, tid === pid, atNs) ?? this.#factsOfRecord(tid === pid ? comm : '');
  }

  /**
   * A forked process that ended before it was looked up was of the service of its parent, unless it had changed its name: a
   * program that starts containers or services does that before it moves into their control group and calls exec.
   */
  #factsOfParent(program: Program, comm: string, isMain: boolean, atNs: bigint): ProcessFacts | undefined {
    if (program.forkedFrom === 0) return undefined;
    const known = this.#batch.get(program.forkedFrom)?.known ?? this.#known.peek(program.forkedFrom);
    if (known === undefined || !isOf(known.identity, comm, isMain, atNs)) return undefined;
    return isProgram(known.identity, program) ? known.facts : undefined;
  }

  /**
   * The facts of a process that ended before it was looked up. A main thread begins with the name of its executable; the names
   * of other threads tell nothing. An executable's name never contains a slash, but the names of the kernel's workers do.
   */
  #factsOfRecord(comm: string): ProcessFacts {
    if (!this.#services || comm.startsWith('kworker/')) return {};
    let facts = this.#unseen.get(comm);
    if (facts === undefined) {
      facts = { resource: { 'service.name': unknownService(comm) } };
      this.#unseen.set(comm, facts);
    }
    return facts;
  }
}

/** A main thread with another name stalled before this executable started, or before it renamed itself. */
const isOf = (identity: ProcessIdentity, comm: string, isMain: boolean, atNs: bigint): boolean =>
  identity.startedNs <= atNs && (!isMain || comm === identity.comm);

/** Whether a process that has ended is the one that was last seen under its pid, and ran the same program. */
const isLast = ({ identity, seenNs }: Known, atNs: bigint, program: Program): boolean =>
  program.startTicks === 0
    ? atNs <= seenNs + SAME_NS
    : BigInt.asUintN(32, identity.startedNs / TICK_NS) === BigInt(program.startTicks) && isProgram(identity, program);

const isProgram = (identity: ProcessIdentity, { startStack }: Program): boolean =>
  startStack !== 0n && startStackOf(identity) === startStack;
