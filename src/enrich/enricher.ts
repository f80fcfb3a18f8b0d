// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from 'bpf-loader-native';
import type { ProbeCounters } from '../event/books.ts';
import type { CompactionEvent } from '../event/event.ts';
import { ContextRegistry } from './context-registry.ts';
import { Matcher } from './match.ts';
import { ProberClient, type ProberOptions } from './prober-client.ts';

/**
 * Events that wait for answers; one takes some 1.4 kB. A ring of the default size holds a third of them, so that many wait
 * only for a prober that does not answer.
 */
const MAX_HELD = 32_768;
/** At the end nobody waits longer for the prober. */
const LAST_ANSWERS_MS = 4000;

/** Records of the kernel, decoded. */
export interface Batch {
  events: CompactionEvent[];
  /** When each event began, CLOCK_BOOTTIME. */
  beganNs: readonly bigint[];
  /** Processes that started another program. */
  started: readonly number[];
  /** Processes that began to publish, or updated what they publish. */
  published: readonly number[];
}

/**
 * Adds to each event whose stall it was, and keeps the BPF programs informed about where threads publish their spans. The way
 * of a pid: from the record to here, as a question to the prober (ProberClient), and with its answer back to the event
 * (Matcher), or into the map of the programs (ContextRegistry). Batches keep their order.
 */
export class Enricher {
  readonly #prober: ProberClient;
  readonly #matcher: Matcher;
  #registry: ContextRegistry | undefined;
  #last: Promise<void> = Promise.resolve();
  #held = 0;

  /** Starts the prober, which gets ready while the BPF programs are loaded. */
  constructor(options: ProberOptions) {
    this.#prober = new ProberClient(options);
    this.#matcher = new Matcher(options.services);
  }

  /** Fills the map of the loaded programs from now on, beginning with the processes that are there. */
  fillContexts(object: BpfObject): void {
    this.#registry = new ContextRegistry(object, this.#prober);
    // While still root: where /proc is mounted with hidepid, other users see only their own processes.
    this.#registry.probeAll();
  }

  /** Of the context registry; undefined without one. */
  get probes(): ProbeCounters | undefined {
    return this.#registry?.books;
  }

  /** @param deliver called with the events of the batch once they are complete; not when it has none */
  enrich({ events, beganNs, started, published }: Batch, deliver: (events: readonly CompactionEvent[]) => void): void {
    for (const pid of started) this.#registry?.started(pid);
    for (const pid of published) this.#registry?.published(pid);
    // A process's own word is more reliable than OBI, which watches from outside.
    for (const { context, pid } of events) {
      this.#registry?.stalled(pid, context !== undefined && context.source !== 'obi');
    }
    if (events.length > 0) this.#identify(events, beganNs, deliver);
  }

  /** Resolves when every batch has been delivered: after some seconds without the answers that are still open. */
  async finish(patienceMs = LAST_ANSWERS_MS): Promise<void> {
    const late = setTimeout(() => this.#prober.leaveUnanswered(), patienceMs);
    await this.#last;
    clearTimeout(late);
  }

  async close(): Promise<void> {
    this.#registry?.close();
    await this.#prober.close();
  }

  #identify(
    events: CompactionEvent[],
    beganNs: readonly bigint[],
    deliver: (events: readonly CompactionEvent[]) => void,
  ): void {
    const pids = [...new Set(events.map(({ pid }) => pid))];
    const answers = pids.map(async (pid) => {
      const identity = await this.#prober.identity(pid, this.#matcher.version(pid));
      return { pid, identity };
    });
    this.#held += events.length;
    if (this.#held > MAX_HELD) this.#prober.leaveUnanswered();
    const before = this.#last;
    this.#last = (async () => {
      const seen = await Promise.all(answers);
      await before;
      this.#matcher.newBatch();
      for (const { pid, identity } of seen) this.#matcher.saw(pid, identity);
      events.forEach((event, i) => {
        Object.assign(event, this.#matcher.lookUp(event, beganNs[i]!));
      });
      this.#held -= events.length;
      deliver(events);
    })();
  }
}
