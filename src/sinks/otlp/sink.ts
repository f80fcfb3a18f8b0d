// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../../event/event.ts';
import type { Sink } from '../../event/sink.ts';
import { VERSION } from '../../version.ts';
import { BACKOFF, type Backoff } from './backoff.ts';
import type { Collector } from './collector.ts';
import { DeliveryMessages } from './delivery-messages.ts';
import { routeDiagnostics, routeSettingsComplaints } from './diagnostics.ts';
import { readEndpoint } from './endpoint.ts';
import { hostResource } from './host-resource.ts';
import { readLimits } from './limits.ts';
import { RequestWriter } from './request-writer.ts';
import { type ResourceOf, Resources } from './resources.ts';
import { readSampler } from './sampler.ts';
import { Sender } from './sender.ts';
import { readSettings, type Settings } from './settings.ts';
import type { StackPlace } from './span-writer.ts';

export interface OtlpSinkOptions {
  stack: StackPlace;
  /** Whose resource a span has; by default the stalled process's service. */
  resource?: ResourceOf;
  /** The most spans that wait; overrides OTEL_BSP_MAX_QUEUE_SIZE. */
  queueSize?: number;
  /** Receives whole sentences for the user; a lasting condition is not repeated each time. */
  warn: (sentence: string) => void;
  env?: NodeJS.ProcessEnv;
  backoff?: Backoff;
}

/**
 * Sends events as spans to an OpenTelemetry collector, configured by the standard's variables. Throws a usage error for a
 * variable that it cannot use. Connects at the first span, not before.
 */
export async function createOtlpSink(options: OtlpSinkOptions): Promise<Sink> {
  const { stack, resource = 'service', queueSize, warn, env = process.env, backoff = BACKOFF } = options;
  const settings = readSettings(env, queueSize);
  const endpoint = readEndpoint(env, settings.protocol);
  const sampler = readSampler(env);
  const limits = readLimits(env, warn);

  routeSettingsComplaints(warn);
  const host = await hostResource(env);
  const collector = await openCollector(settings, env);
  routeDiagnostics(env, warn);

  const scope = { name: 'compactstall', version: VERSION };
  const messages = new DeliveryMessages(endpoint, warn);
  const resources = new Resources(host, () => messages.tooManyServices());
  const resourceOf = resource === 'service' ? (event: CompactionEvent) => resources.of(event) : () => host;
  const requests = new RequestWriter({ stack, limits, sampler, scope, resourceOf });
  return new Sender(settings, requests, collector, messages, backoff);
}

/** Connects to the collector, loading only the exporter that is needed. */
export async function openCollector(
  { protocol, exportTimeoutMs }: Pick<Settings, 'protocol' | 'exportTimeoutMs'>,
  env: NodeJS.ProcessEnv,
): Promise<Collector> {
  const { connect } = protocol === 'grpc' ? await import('./grpc.ts') : await import('./http.ts');
  return connect(env, exportTimeoutMs);
}
