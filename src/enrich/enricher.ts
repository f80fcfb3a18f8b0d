// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BpfObject } from 'bpf-loader-native';
import type { CompactionEvent } from '../event/event.ts';
import type { ProbeCounters } from '../event/source-books.ts';
import { ContextRegistry, type RawAttributes } from './context-registry.ts';
import { Matcher, type Program, type Seen } from './match.ts';
import { ProberClient, type ProberOptions } from './prober-client.ts';

/**
 * Events that wait for answers; one takes some 1.4 kB. A ring of the default size holds a third of them: so many wait only
 * when the prober does not answer.
 */
const MAX_HELD = 32_768;
/** The events after whose delivery others have their turn: as many as the ring's largest batch has with stacks. */
const MAX_IN_TURN = 300;
/** The longest wait for the prober at the end. */
const LAST_ANSWERS_MS = 4000;

/** Records of the kernel, decoded. */
export interface Batch {
  events: CompactionEvent[];
  /** When each event began, CLOCK_BOOTTIME. */
  beganNs: readonly bigint[];
  /** The program that the process of each event ran. */
  programs: readonly Program[];
  /** What the application says of each event's active span, if anything. */
  attributes: readonly (RawAttributes | undefined)[];
  /** Processes that began to publish, or updated what they publish. */
  published: readonly number[];
}

/**
 * Adds to each event whose stall it was, and tells the BPF programs where threads publish their spans. A pid comes from the
 * record, goes to the prober as a question (ProberClient), and returns with the answer to the event (Matcher), or into the
 * programs' map (ContextRegistry). Batches keep their order.
 */
export class Enricher {
  readonly #prober: ProberClient;
  readonly #procfs: string;
  readonly #matcher: Matcher;
  #registry: ContextRegistry | undefined;
  #last: Promise<void> = Promise.resolve();
  #held = 0;
  /** Delivered since others had their turn. */
  #inTurn = 0;
  #isEnding = false;

  /** Starts the prober. It gets ready while the BPF programs are loaded. */
  constructor(options: ProberOptions) {
    this.#prober = new ProberClient(options);
    this.#procfs = options.procfs;
    this.#matcher = new Matcher(options.services);
  }

  /** Fills the map of the loaded programs from now on, beginning with the processes that already run. */
  fillContexts(object: BpfObject): void {
    this.#registry = new ContextRegistry(object, this.#prober, {
      proc: this.#procfs,
      identify: (pid) => this.#identifyEarly(pid),
    });
    // Done while still root: with hidepid on /proc, other users see only their own processes.
    this.#registry.probeAll();
  }

  /** A process has started a program some time ago, and may publish by now. */
  started(pid: number): void {
    this.#registry?.started(pid);
  }

  /** Of the context registry; undefined without one. */
  get probes(): ProbeCounters | undefined {
    return this.#registry?.books;
  }

  /** The process that has started the prober. */
  get supervisor(): number | undefined {
    return this.#prober.supervisor;
  }

  /**
   * @param deliver called with the events of the batch once they are complete; not called for a batch without events
   * @param ready resolves when the rest of the events is complete
   */
  enrich(batch: Batch, deliver: (events: readonly CompactionEvent[]) => void, ready?: Promise<void>): void {
    const { events, published } = batch;
    for (const pid of published) this.#registry?.published(pid);
    // A process's own word is more reliable than OBI, which watches from outside.
    for (const { context, pid } of events) {
      if (pid !== 0) this.#registry?.stalled(pid, context !== undefined && context.source !== 'obi');
    }
    if (events.length > 0) this.#identify(batch, deliver, ready);
  }

  /** Resolves when every batch so far has been delivered. */
  delivered(): Promise<void> {
    return this.#last;
  }

  /** Resolves when every batch has been delivered. After some seconds it no longer waits for open answers. */
  async finish(patienceMs = LAST_ANSWERS_MS): Promise<void> {
    const late = setTimeout(() => {
      this.#isEnding = true;
      this.#prober.leaveUnanswered();
    }, patienceMs);
    await this.#last;
    clearTimeout(late);
  }

  async close(): Promise<void> {
    this.#registry?.close();
    await this.#prober.close();
  }

  /** A process that is probed is identified as well: it may stall later, and end before that is read. */
  async #identifyEarly(pid: number): Promise<void> {
    this.#matcher.remember(pid, await this.#prober.identity(pid, this.#matcher.version(pid), false));
  }

  /** Asks about all of them at once. */
  #see(pids: Iterable<number>): Promise<(readonly [pid: number, seen: Seen])[]> {
    const answers = Array.from(pids, async (pid) => {
      const identity = await this.#prober.identity(pid, this.#matcher.version(pid));
      return [pid, this.#matcher.remember(pid, identity)] as const;
    });
    return Promise.all(answers);
  }

  #identify(
    { events, beganNs, programs, attributes }: Batch,
    deliver: (events: readonly CompactionEvent[]) => void,
    ready: Promise<void> | undefined,
  ): void {
    const pids = new Set(events.map(({ pid }) => pid));
    pids.delete(0);
    const answers = this.#see(pids);
    this.#held += events.length;
    if (this.#held > MAX_HELD) this.#prober.leaveUnanswered();
    const before = this.#last;
    this.#last = (async () => {
      const seen = new Map(await answers);
      const ended = events.flatMap(({ pid }, i) => (seen.get(pid)?.identity ? [] : [programs[i]!.forkedFrom]));
      const unasked = new Set(this.#isEnding ? [] : ended.filter((pid) => pid !== 0 && !seen.has(pid)));
      for (const [pid, parent] of await this.#see(unasked)) seen.set(pid, parent);
      await ready;
      await before;
      this.#matcher.newBatch();
      for (const [pid, one] of seen) this.#matcher.saw(pid, one);
      events.forEach((event, i) => {
        Object.assign(event, this.#matcher.lookUp(event, beganNs[i]!, programs[i]));
        const named = attributes[i] && this.#registry?.named(event.pid, attributes[i]);
        if (event.context && named) event.context.attributes = named;
      });
      this.#held -= events.length;
      deliver(events);
      // Many may have waited for one answer: sockets and timers have their turn in between.
      this.#inTurn += events.length;
      if (this.#held === 0 || this.#inTurn < MAX_IN_TURN) return;
      this.#inTurn = 0;
      await nextTurn();
    })();
  }
}
