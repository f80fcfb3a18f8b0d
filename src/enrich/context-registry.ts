// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import type { BpfObject } from 'bpf-loader-native';
import type { ProbeCounters } from '../event/source-books.ts';
import { Lru } from '../lru.ts';
import type { Located } from '../prober/protocol.ts';
import { readStat } from '../procfs/stat.ts';
import { ProbeQueue } from './probe-queue.ts';
import type { ProberClient } from './prober-client.ts';

/**
 * The probes after a publication, each by its distance from the one before: at once; after a second, in which bpf/process_events.h
 * sends no other event of that process; and 15 s after the publication.
 */
const PUBLISHED_MS = [0, 1500, 13_500];
/**
 * A stalled process without a context may have loaded a library since, so it is probed again. The interval is at least this,
 * and 100 times the last probe. A probe longer than LONGEST_PROBE_MS has waited for others, and counts as that long.
 */
const STALLED_MS = 1000;
const STALLED_SHARE = 100;
const LONGEST_PROBE_MS = 100;
/**
 * A probe takes less than a millisecond, and 100 in a process with as many mappings as there can be. Probes are made one at a
 * time, so that an answer about a stalled process waits for one probe at most. A row has at most this many.
 */
const PROBES_IN_A_ROW = 10;
/** From one row to the next. Processes may come and go by the thousand; the number of probes stays limited. */
const ROW_MS = 100;
/** How many processes are remembered with the time of their next probe. */
const MAX_PROBED = 4096;
const MAX_PUBLISHING = 4096;

/** Attributes of a span, by the index of their name in the process context's map of keys. */
export type RawAttributes = readonly (readonly [index: number, value: string])[];

type Publishing = Extract<Located, { publisher: Buffer }>;

/** Finds the processes that publish trace contexts, and tells the BPF programs where their threads keep them. */
export class ContextRegistry {
  readonly #object: BpfObject;
  readonly #prober: ProberClient;
  readonly #proc: string;
  readonly #identify: (pid: number) => Promise<void>;
  /** When a process may be probed again because it stalled. */
  readonly #againMs = new Lru<number, number>(MAX_PROBED);
  /**
   * The contents of the BPF programs' map, which also shows them whether a pid still runs the same executable. Stalls and
   * probes count as uses.
   */
  readonly #publishing: Lru<number, Publishing>;
  /** One queue for each reason: a process that stalls, calls exec or publishes all the time does not delay the other probes. */
  readonly #queues = {
    stalled: new ProbeQueue([0]),
    published: new ProbeQueue(PUBLISHED_MS),
    started: new ProbeQueue([0]),
    present: new ProbeQueue([0], Number.POSITIVE_INFINITY),
  };
  readonly books: ProbeCounters = { made: 0, open: 0, publishing: 0, without: {} };
  #timer: NodeJS.Timeout | undefined;
  /** When the next row of probes begins: infinity when there is nothing to probe, minus infinity during a row. */
  #rowAtMs = Number.POSITIVE_INFINITY;
  #earliestMs = 0;
  #anyPublisher = false;
  #closed = false;

  /**
   * @param places in the map; see bpf/publishers.h
   * @param identify called with each process that is probed
   */
  constructor(
    object: BpfObject,
    prober: ProberClient,
    { places = MAX_PUBLISHING, proc = '/proc', identify = async (_pid: number) => {} } = {},
  ) {
    this.#object = object;
    this.#prober = prober;
    this.#proc = proc;
    this.#identify = identify;
    this.#publishing = new Lru(places, (pid) => object.deleteFromMap('cs_publishers', key(pid)));
  }

  /** Probes all processes of the host, little by little. */
  probeAll(): void {
    for (const name of readdirSync(this.#proc)) if (/^\d+$/.test(name)) this.#add(this.#queues.present, Number(name));
  }

  /** A process has started a program some time ago, and may publish by now. */
  started(pid: number): void {
    this.#add(this.#queues.started, pid);
  }

  /** A process began to publish, or changed what it publishes. */
  published(pid: number): void {
    this.#prober.published(pid);
    this.#add(this.#queues.published, pid);
  }

  /** A process stalled. @param hadContext whether it, or the process that it was forked from, publishes its spans */
  stalled(pid: number, hadContext: boolean): void {
    if (hadContext) this.#publishing.get(pid);
    else if (performance.now() >= (this.#againMs.peek(pid) ?? 0)) this.#add(this.#queues.stalled, pid);
  }

  /** The attributes of a span with their names; those without a name are left out. */
  named(pid: number, attributes: RawAttributes): { [name: string]: string } | undefined {
    const keys = this.#publishing.peek(pid)?.keys ?? [];
    const named = attributes.flatMap(([index, value]) => (keys[index] ? [[keys[index], value] as const] : []));
    return named.length > 0 ? Object.fromEntries(named) : undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #add(queue: ProbeQueue, pid: number): void {
    this.#schedule(queue.add(pid, performance.now()));
  }

  /** No timer runs while there is nothing to probe. */
  #schedule(dueMs: number): void {
    const atMs = Math.max(dueMs, this.#earliestMs);
    if (this.#closed || atMs >= this.#rowAtMs) return;
    clearTimeout(this.#timer);
    this.#rowAtMs = atMs;
    // The time may be past when this process had to wait for a CPU. Node.js warns about a negative delay.
    const delayMs = Math.max(0, Math.ceil(atMs - performance.now()));
    this.#timer = setTimeout(() => void this.#probeRow(), delayMs).unref();
  }

  /** Probes one row. The pause after it is at least as long as the row. */
  async #probeRow(): Promise<void> {
    const began = performance.now();
    this.#rowAtMs = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < PROBES_IN_A_ROW; i++) {
      const pid = this.#next(i);
      if (pid === undefined) break;
      await this.#probe(pid);
    }
    const ended = performance.now();
    this.#earliestMs = ended + Math.max(ROW_MS - (ended - began), ended - began);
    this.#rowAtMs = Number.POSITIVE_INFINITY;
    this.#schedule(Math.min(...Object.values(this.#queues).map(({ dueMs }) => dueMs)));
  }

  /** The queues take turns. Kernel threads, half of all processes on many hosts, are skipped and do not use up a turn. */
  #next(turn: number): number | undefined {
    const now = performance.now();
    const queues = Object.values(this.#queues);
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[(turn + i) % queues.length]!;
      for (let pid = queue.take(now); pid !== undefined; pid = queue.take(now)) {
        if (!readStat(`${this.#proc}/${pid}`)?.isKernelThread) return pid;
      }
    }
    return undefined;
  }

  async #probe(pid: number): Promise<void> {
    const began = performance.now();
    this.#againMs.set(pid, began + STALLED_MS);
    this.books.made += 1;
    this.books.open += 1;
    const [answer] = await Promise.all([this.#prober.contexts(pid), this.#identify(pid)]);
    this.books.open -= 1;
    if (answer) {
      const tookMs = Math.min(performance.now() - began, LONGEST_PROBE_MS);
      this.#againMs.set(pid, began + Math.max(STALLED_MS, tookMs * STALLED_SHARE));
    }
    if (answer && 'publisher' in answer) {
      this.books.publishing += 1;
      // A later probe that finds nothing does not disprove this: pages come and go where memory is short.
      if (!this.#closed) this.#put(pid, answer);
    } else {
      const reason = answer?.reason ?? 'no_answer';
      this.books.without[reason] = (this.books.without[reason] ?? 0) + 1;
    }
  }

  /**
   * Updates the map only with what is new. A CPU in a system call that changes a map does not run programs of the kprobe plan,
   * even when the call is preempted (bpf_disable_instrumentation in the kernel).
   */
  #put(pid: number, publishing: Publishing): void {
    const before = this.#publishing.get(pid);
    this.#publishing.set(pid, publishing);
    if (before?.publisher.equals(publishing.publisher)) return;
    if (!this.#anyPublisher) this.#object.writeVariable('any_publisher', 1);
    this.#anyPublisher = true;
    this.#object.updateMap('cs_publishers', key(pid), publishing.publisher);
  }
}

function key(pid: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(pid);
  return bytes;
}
