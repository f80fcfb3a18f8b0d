// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import {
  context,
  metrics,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import type { AgentEvent } from '../../event/event.ts';
import type { Sink, SinkBooks } from '../../event/sink.ts';
import type { Message } from '../../messages/message.ts';
import { VERSION } from '../../version.ts';
import { LossReports } from '../loss-reports.ts';
import { DeliveryMessages } from '../otlp/delivery-messages.ts';
import { briefly, fromLibrary, routeDiagnostics } from '../otlp/diagnostics.ts';
import { withEnvironment } from '../otlp/environment.ts';
import { hostResource } from '../otlp/host-resource.ts';
import type { ResourceOf } from '../otlp/resources.ts';
import { ResourcesByHost } from '../otlp/resources-by-host.ts';
import { readSettings, type Settings } from '../otlp/settings.ts';
import type { StackPlace } from '../otlp/span-writer.ts';
import { LATE_MS } from '../under-way.ts';
import { type Processed, ProcessedReader } from './processed.ts';
import { spanParts } from './span-parts.ts';

/** How often the SDK is asked what became of the spans, while some are under way. */
const LOOK_MS = 100;
const LAST_MS = 10;
const NANOS_PER_MILLI = 1_000_000n;

export interface SdkSinkOptions {
  stack: StackPlace;
  resource: ResourceOf;
  warn: (message: Message) => void;
  env?: NodeJS.ProcessEnv;
}

/**
 * Sends events through OpenTelemetry's own SDK: exporters, processors and samplers are those that the standard's variables
 * choose in any Node.js service. Throws a usage error for a variable that cannot be used.
 */
export async function createSdkSink({ stack, resource, warn, env = process.env }: SdkSinkOptions): Promise<Sink> {
  const settings = readSettings(env);
  const said = once(warn);
  const host = await hostResource(env, settings.detectors);
  const messages = new DeliveryMessages('the SDK', said);
  const resources = new ResourcesByHost(resource, host, env, () => messages.tooManyServices());
  return new SdkSink({
    env: { ...env, ...variables(env, settings) },
    maxQueue: settings.maxQueue,
    longestMs: settings.delayMs + settings.exportTimeoutMs + LATE_MS,
    host,
    resourceOf: (event) => resources.of(event),
    stack,
    logLevel: settings.logLevel === 'NONE' ? 'ERROR' : settings.logLevel,
    warn: said,
  });
}

/** The agent's defaults, as docs/cli.md has them, and what the SDK must leave to the agent. */
function variables(env: NodeJS.ProcessEnv, { maxQueue, maxBatch, delayMs }: Settings): NodeJS.ProcessEnv {
  return {
    OTEL_EXPORTER_OTLP_PROTOCOL: env.OTEL_EXPORTER_OTLP_PROTOCOL?.trim() || 'grpc',
    OTEL_BSP_MAX_QUEUE_SIZE: `${maxQueue}`,
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: `${maxBatch}`,
    OTEL_BSP_SCHEDULE_DELAY: `${delayMs}`,
    // Counts what becomes of the spans.
    OTEL_NODE_EXPERIMENTAL_SDK_METRICS: 'true',
    // The SDK would print on standard output.
    OTEL_LOG_LEVEL: '',
  };
}

/** The same text only once. */
function once(warn: (message: Message) => void): (message: Message) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message.text) || said.size > 100) return;
    said.add(message.text);
    warn(message);
  };
}

const lost = ({ failed }: Processed): number => Object.values(failed).reduce((sum, n) => sum + n, 0);

interface SdkSinkSettings {
  /** The variables that the SDK sees. */
  env: NodeJS.ProcessEnv;
  maxQueue: number;
  /** The longest that spans wait before the SDK has finished with some. */
  longestMs: number;
  host: Resource;
  resourceOf: (event: AgentEvent) => Resource;
  stack: StackPlace;
  logLevel: Settings['logLevel'];
  warn: (message: Message) => void;
}

class SdkSink implements Sink {
  readonly name = 'sdk';
  isFailing = false;
  readonly #maxQueue: number;
  readonly #longestMs: number;
  readonly #resourceOf: (event: AgentEvent) => Resource;
  readonly #stack: StackPlace;
  readonly #sdk: NodeSDK;
  readonly #provider: TracerProvider | undefined;
  readonly #tracer: Tracer;
  readonly #warn: (message: Message) => void;
  readonly #reader = new ProcessedReader();
  /** Whose ids the next span gets. */
  #current: AgentEvent | undefined;
  readonly #reports = new LossReports(false);
  /** When the oldest span began that the SDK may have; epoch time. */
  #sinceUnixNs: bigint | undefined;
  #accepted = 0;
  #notSampled = 0;
  #leftOver = 0;
  #processed: Processed = { exported: 0, failed: {} };
  #looking: NodeJS.Timeout | undefined;
  /** When the SDK last finished with spans, or had none. */
  #progressMs = 0;

  constructor({ env, maxQueue, longestMs, host, resourceOf, stack, logLevel, warn }: SdkSinkSettings) {
    this.#warn = warn;
    this.#maxQueue = maxQueue;
    this.#longestMs = longestMs;
    this.#resourceOf = resourceOf;
    this.#stack = stack;
    this.#sdk = withEnvironment(env, () => {
      const sdk = new NodeSDK({
        resource: host,
        autoDetectResources: false,
        idGenerator: {
          generateTraceId: () => this.#current!.traceId,
          generateSpanId: () => this.#current!.spanId,
        },
        metricReaders: [this.#reader],
        logRecordProcessors: [],
        instrumentations: [],
      });
      sdk.start();
      return sdk;
    });
    // The SDK has set its own logger.
    routeDiagnostics(logLevel, warn);
    const provider = trace.getTracerProvider();
    const delegate = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
    this.#provider = 'forceFlush' in delegate ? (delegate as TracerProvider) : undefined;
    this.#tracer = trace.getTracer('compactstall', VERSION);
  }

  get isStuck(): boolean {
    return this.books().queued > 0 && performance.now() - this.#progressMs > this.#longestMs;
  }

  write(events: readonly AgentEvent[]): void {
    if (this.books().queued === 0) this.#progressMs = performance.now();
    this.#accepted += events.length;
    for (const event of events) this.#send(event);
    this.#look();
  }

  /** Sends what was lost, when others arrive. @param isLast nothing comes after it @returns whether there was something */
  #reportLosses(isLast = false): boolean {
    const reports = this.#reports.take(performance.now(), isLast);
    for (const report of reports) this.#send(report);
    return reports.length > 0;
  }

  async room(): Promise<number> {
    for (;;) {
      const free = this.#maxQueue - this.books().queued;
      if (free > 0) return free;
      await sleep(LOOK_MS);
      await this.#read();
    }
  }

  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#looking);
    const end = performance.now() + deadlineMs;
    const deadline = sleep(deadlineMs, undefined, { ref: false });
    await this.#flush(end, deadline);
    if (this.#reportLosses(true)) await this.#flush(end, deadline);
    this.#leftOver = this.books().queued;
    await Promise.race([this.#sdk.shutdown().catch(() => {}), deadline]);
    for (const api of [trace, metrics, context, propagation]) api.disable();
  }

  async #flush(end: number, deadline: Promise<unknown>): Promise<void> {
    // What fails is in the SDK's counts as well.
    const flushed = this.#provider?.forceFlush().catch((error) => this.#warn(fromLibrary(briefly(error))));
    await Promise.race([flushed, deadline]);
    // The flush does not wait for a batch that was on its way.
    for (await this.#read(); this.books().queued > 0 && performance.now() < end; await this.#read())
      await sleep(LAST_MS);
  }

  books(): SinkBooks {
    const { exported, failed } = this.#processed;
    const { made: reports } = this.#reports;
    const queued = this.#accepted + reports - this.#notSampled - exported - lost(this.#processed) - this.#leftOver;
    return {
      accepted: this.#accepted,
      exported,
      queued,
      ...(reports > 0 && { reports }),
      dropped: {
        ...failed,
        ...(this.#notSampled > 0 && { not_sampled: this.#notSampled }),
        ...(this.#leftOver > 0 && { shutdown: this.#leftOver }),
      },
    };
  }

  #send(event: AgentEvent): void {
    const startNs = BigInt(event.startUnixNano);
    if (this.#sinceUnixNs === undefined || startNs < this.#sinceUnixNs) this.#sinceUnixNs = startNs;
    const { name, parent, startTime, endTime, events, ...options } = spanParts(event, this.#stack);
    this.#current = event;
    const around = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const span = this.#tracer.startSpan(name, { ...options, startTime }, around);
    if (!span.isRecording()) {
      this.#notSampled += 1;
      return;
    }
    // A provider of the SDK has one resource for all its spans. Processors and exporters take it from the span.
    (span as unknown as { resource: Resource }).resource = this.#resourceOf(event);
    for (const one of events) span.addEvent(one.name, one.attributes, one.time);
    span.end(endTime);
  }

  /** Keeps the books up to date while spans are under way. */
  #look(): void {
    this.#looking ??= setInterval(async () => {
      await this.#read();
      this.#reportLosses();
      if (this.books().queued > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    }, LOOK_MS);
  }

  async #read(): Promise<void> {
    // A disabled SDK counts nothing, and takes no span.
    if (!this.#provider) return;
    const before = this.#processed;
    this.#processed = await this.#reader.read();
    if (this.#processed.exported + lost(this.#processed) > before.exported + lost(before)) {
      this.#progressMs = performance.now();
    }
    const arrived = this.#processed.exported > before.exported;
    if (arrived) this.isFailing = false;
    else if (lost(this.#processed) > lost(before)) this.isFailing = true;
    this.#lost(before);
    if (this.books().queued === 0) this.#sinceUnixNs = undefined;
    if (arrived || this.isFailing) this.#reports.mayArrive = arrived;
  }

  /** The SDK says how many it has lost, but not which: they began after the oldest that it had. */
  #lost(before: Processed): void {
    const toUnixNs = BigInt(Date.now()) * NANOS_PER_MILLI;
    for (const [reason, spans] of Object.entries(this.#processed.failed)) {
      const compactions = spans - (before.failed[reason] ?? 0);
      if (compactions > 0)
        this.#reports.lost(reason, { compactions, fromUnixNs: this.#sinceUnixNs ?? toUnixNs, toUnixNs });
    }
  }
}
