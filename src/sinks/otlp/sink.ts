// SPDX-License-Identifier: Apache-2.0
import type { Sink } from '../../event/sink.ts';
import type { Message } from '../../messages/message.ts';
import { BACKOFF, type Backoff } from './backoff.ts';
import { Books } from './books.ts';
import { checkEnvironment } from './check.ts';
import type { Collector } from './collector.ts';
import { type Connection, readConnection } from './connection.ts';
import { DeliveryMessages } from './delivery-messages.ts';
import { routeDiagnostics } from './diagnostics.ts';
import { openRequests } from './open-requests.ts';
import { MemoryQueue } from './request-queue.ts';
import type { ResourceOf } from './resources.ts';
import { Sender } from './sender.ts';
import { PATIENCE, type Patience } from './set-aside.ts';
import { readSettings } from './settings.ts';
import type { StackPlace } from './span-writer.ts';
import type { SpoolFolder } from './spool-queue.ts';

export interface OtlpSinkOptions {
  /** In the books; by default `otlp`. */
  name?: string;
  stack: StackPlace;
  /** Whose resource a span has; by default the stalled process's service. */
  resource?: ResourceOf;
  /** The most spans that wait; overrides OTEL_BSP_MAX_QUEUE_SIZE. */
  queueSize?: number;
  /** Where requests are kept until they are delivered; in memory without one. */
  spool?: SpoolFolder | undefined;
  /** Receives messages for the user; a lasting condition is not repeated each time. */
  warn: (message: Message) => void;
  env?: NodeJS.ProcessEnv;
  backoff?: Backoff;
  patience?: Patience;
}

/** The longest time that a span waits for others before it is stored. */
const MAX_UNSTORED_MS = 200;

/**
 * Sends events as spans to an OpenTelemetry collector, configured by the standard's variables. Throws a usage error for a
 * variable that it cannot use. Connects at the first span, not before.
 */
export async function createOtlpSink(options: OtlpSinkOptions): Promise<Sink> {
  const {
    name = 'otlp',
    stack,
    resource = 'service',
    queueSize,
    spool,
    warn,
    env = process.env,
    backoff = BACKOFF,
    patience = PATIENCE,
  } = options;
  checkEnvironment(env);
  const given = readSettings(env, queueSize);
  // What is not stored yet is lost in a crash.
  const settings = spool ? { ...given, delayMs: Math.min(given.delayMs, MAX_UNSTORED_MS) } : given;
  const connection = readConnection(env);

  for (const warning of connection.warnings) warn(warning);
  routeDiagnostics(settings.logLevel, warn);
  const messages = new DeliveryMessages(connection.destination, warn);
  const requests = await openRequests({ stack, resource, env, settings, messages });
  const collector = await openCollector(connection, settings.exportTimeoutMs);
  const books = new Books(spool !== undefined);
  const queue = spool ? new (await import('./spool-queue.ts')).SpoolQueue(spool, books, messages) : new MemoryQueue();
  return new Sender({ name, settings, requests, queue, books, collector, messages, backoff, patience });
}

/** Connects to the collector, loading only the transport that is needed. */
export async function openCollector(connection: Connection, timeoutMs: number): Promise<Collector> {
  const { connect } = connection.protocol === 'grpc' ? await import('./grpc.ts') : await import('./http.ts');
  return connect({ ...connection, timeoutMs: Math.min(connection.timeoutMs, timeoutMs) });
}
