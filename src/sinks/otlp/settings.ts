// SPDX-License-Identifier: Apache-2.0
import { badSetting, firstSet } from './environment.ts';

const PROTOCOLS = ['grpc', 'http/protobuf'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** The settings that this sink reads from the environment; the exporters read the other OTEL_EXPORTER_OTLP_* variables. */
export interface Settings {
  protocol: Protocol;
  /** The most spans that wait, including those in flight; further spans are dropped and counted. */
  maxQueue: number;
  /** The most spans in a request; its size in bytes is bounded too. */
  maxBatch: number;
  /** How long the first span of a batch waits for others. */
  delayMs: number;
  /** Upper limit of one request, on top of OTEL_EXPORTER_OTLP_TIMEOUT. */
  exportTimeoutMs: number;
}

/**
 * The default queue. Measured: a waiting event takes 1.1 KB (its stack is shared), so a full queue is 71 MB. It holds 6 s of
 * the heaviest storm that the agent is built for, or a minute of 1 000 compactions a second.
 */
export const DEFAULT_QUEUE = 65_536;
/** The default batch: at 1.5 KB a span well below the 4 MiB of a request, and some 10 ms of the event loop. */
const DEFAULT_BATCH = 512;
/** The default delay. The standard's 5 s is long for a user who waits for the first span; a storm fills batches sooner. */
export const DEFAULT_DELAY_MS = 500;
const DEFAULT_EXPORT_TIMEOUT_MS = 30_000;

export function readSettings(env: NodeJS.ProcessEnv, queueSize?: number): Settings {
  const maxQueue = queueSize ?? positive(env, 'OTEL_BSP_MAX_QUEUE_SIZE', DEFAULT_QUEUE);
  return {
    protocol: readProtocol(env),
    maxQueue,
    maxBatch: Math.min(positive(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', DEFAULT_BATCH), maxQueue),
    delayMs: integer(env, 'OTEL_BSP_SCHEDULE_DELAY', DEFAULT_DELAY_MS, 0),
    exportTimeoutMs: positive(env, 'OTEL_BSP_EXPORT_TIMEOUT', DEFAULT_EXPORT_TIMEOUT_MS),
  };
}

function readProtocol(env: NodeJS.ProcessEnv): Protocol {
  const set = firstSet(env, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL');
  // The specification allows this default; the JavaScript SDK's is http/protobuf.
  if (set === undefined) return 'grpc';
  const known = PROTOCOLS.find((protocol) => protocol === set.value);
  if (known === undefined) throw badSetting(set.name, set.value, `compactstall speaks ${PROTOCOLS.join(' and ')}`);
  return known;
}

const positive = (env: NodeJS.ProcessEnv, name: string, otherwise: number) => integer(env, name, otherwise, 1);

/** The longest time of a timer. */
const MAX_INTEGER = 2_147_483_647;

function integer(env: NodeJS.ProcessEnv, name: string, otherwise: number, least: number): number {
  const text = env[name]?.trim();
  if (!text) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > MAX_INTEGER) {
    throw badSetting(name, text, `must be a whole number from ${least} to ${MAX_INTEGER}`);
  }
  return value;
}
