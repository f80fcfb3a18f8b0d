// SPDX-License-Identifier: Apache-2.0
import type { Resource } from '@opentelemetry/resources';
import type { Counting } from '../event/aggregates.ts';
import type { CompactionEvent } from '../event/event.ts';
import { type Message, message } from '../messages/message.ts';
import { hostResource } from '../sinks/otlp/host-resource.ts';
import { openCollector } from '../sinks/otlp/sink.ts';
import { CgroupNames } from './cgroup-names.ts';
import { Exemplars } from './exemplars.ts';
import type { Work } from './health.ts';
import { readAll } from './instruments/all.ts';
import type { Reading } from './metric.ts';
import { notCollected } from './not-collected.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import { ownUse, proberUse } from './process-use.ts';
import { PrometheusServer } from './prometheus-server.ts';
import { prometheusText, type TextFormat } from './prometheus-text.ts';
import { type MetricSettings, readMetricSettings } from './settings.ts';
import type { AgentState } from './snapshot.ts';
import { readVmSettings } from './vm-settings.ts';
import { readZones } from './zones.ts';

const NANOS_PER_MILLI = 1_000_000n;
const now = (): bigint => BigInt(Date.now()) * NANOS_PER_MILLI;

export interface MetricsOptions {
  /** Whether spans are exported, so that exemplars lead to them. */
  hasSpans: boolean;
  warn: (message: Message) => void;
  /** Prints a text as it is. */
  print: (text: string) => void;
  env?: NodeJS.ProcessEnv;
}

/** The metrics of a run: read and exported at each interval, and whenever Prometheus scrapes. Nothing runs in between. */
export class AgentMetrics {
  readonly #settings: MetricSettings;
  readonly #options: MetricsOptions;
  readonly #server: PrometheusServer | undefined;
  readonly #cgroups = new CgroupNames();
  /** For each exporter its own: each has its interval. */
  readonly #exemplars = { otlp: new Exemplars(), prometheus: new Exemplars() };
  readonly #keepsExemplars: boolean;
  readonly #processUnixNano = now();
  #goesOn = false;
  #state: (() => AgentState) | undefined;
  #otlp: OtlpExporter | undefined;
  #resource: Resource | undefined;
  #timer: NodeJS.Timeout | undefined;
  #export: Promise<void> | undefined;
  #hasFailed = false;

  /** Checks the variables and opens the port. Throws a UserError where that fails. */
  static async open(options: MetricsOptions): Promise<AgentMetrics> {
    const settings = readMetricSettings(options.env ?? process.env);
    const wantsServer = settings.exporters.includes('prometheus');
    const server = wantsServer ? await PrometheusServer.open(settings.listen, options.warn) : undefined;
    return new AgentMetrics(options, settings, server);
  }

  private constructor(options: MetricsOptions, settings: MetricSettings, server: PrometheusServer | undefined) {
    this.#options = options;
    this.#settings = settings;
    this.#server = server;
    // A span that was sampled out would be a dead end.
    this.#keepsExemplars = options.hasSpans && settings.exemplars && settings.spans.sampler.root === 'always_on';
  }

  /** Where metrics go or are read, for messages to the user. */
  get destinations(): Message[] {
    const { connection } = this.#settings;
    return [
      ...(connection ? [message('metrics_destination', { endpoint: connection.destination })] : []),
      ...(this.#server ? [message('metrics_address', { url: this.#server.url })] : []),
    ];
  }

  /** Exports over OTLP that did not arrive. */
  get failed(): number {
    return this.#otlp?.counts.failed ?? 0;
  }

  /** Loads what exporters need, and reads what only root may be able to read. Connects at the first export. */
  async prepare({ sinceUnixNano, goesOn }: Counting): Promise<void> {
    const { connection, preference, timeoutMs, spans } = this.#settings;
    const { warn, env = process.env } = this.#options;
    const resource = await hostResource(env, spans.detectors);
    this.#resource = resource;
    if (connection === undefined) return;
    for (const warning of connection.warnings) warn(warning);
    const collector = await openCollector(connection, timeoutMs);
    const { destination } = connection;
    const started = { sinceUnixNano, processUnixNano: this.#processUnixNano };
    this.#goesOn = goesOn;
    this.#otlp = new OtlpExporter({ collector, resource, preference, ...started, destination, warn });
  }

  /** Begins to export. @param state reads what the agent knows now @param work reads what it has done */
  start(state: () => AgentState, work: () => Work): void {
    const { intervalMs, exporters } = this.#settings;
    this.#state = state;
    if (this.#server) {
      this.#server.scrape = (format) => this.#text(format, this.#exemplars.prometheus);
      this.#server.work = work;
    }
    if (exporters.every((name) => name === 'prometheus')) return;
    if (this.#goesOn) this.#otlp?.goOn(this.#read(), now());
    // An export that takes longer than the interval is not overtaken.
    this.#timer = setInterval(() => {
      this.#export ??= this.#exportAll().finally(() => {
        this.#export = undefined;
      });
    }, intervalMs).unref();
  }

  add(events: readonly CompactionEvent[]): void {
    this.#cgroups.add(events);
    if (!this.#keepsExemplars) return;
    if (this.#otlp) this.#exemplars.otlp.add(events);
    if (this.#server) this.#exemplars.prometheus.add(events);
  }

  /** Exports for the last time, until the deadline. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    let isLate = false;
    // Ends the export that is under way, which counts as failed.
    const deadline = setTimeout(() => {
      isLate = true;
      this.#otlp?.close();
    }, deadlineMs);
    await this.#export;
    if (!isLate) await this.#exportAll();
    clearTimeout(deadline);
    this.#otlp?.close();
    this.#server?.close();
  }

  /** Never rejects: metrics are not worth the run. */
  async #exportAll(): Promise<void> {
    try {
      if (this.#settings.exporters.includes('console')) this.#options.print(this.#text('prometheus'));
      if (this.#otlp === undefined) return;
      const arrived = await this.#otlp.export(this.#read(this.#exemplars.otlp), now());
      if (!arrived) this.#exemplars.otlp.putBack();
    } catch (error) {
      if (!this.#hasFailed) this.#options.warn(notCollected(error));
      this.#hasFailed = true;
    }
  }

  #text(format: TextFormat, exemplars?: Exemplars): string {
    return prometheusText(this.#read(exemplars), this.#resource!.attributes, format);
  }

  #read(exemplars?: Exemplars): Reading[] {
    const { queued, supervisor, ...state } = this.#state!();
    const prober = supervisor === undefined ? undefined : proberUse(supervisor);
    const snapshot = {
      ...state,
      cgroups: this.#cgroups,
      zones: readZones(),
      settings: readVmSettings(),
      processes: [ownUse(), ...(prober ? [prober] : [])],
      ...(queued !== undefined && { queue: { spans: queued, capacity: this.#settings.spans.maxQueue } }),
      ...(this.#otlp && { exports: this.#otlp.counts }),
    };
    return readAll(snapshot, exemplars?.take());
  }
}
