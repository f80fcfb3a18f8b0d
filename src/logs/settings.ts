// SPDX-License-Identifier: Apache-2.0
import { type Connection, readConnection } from '../sinks/otlp/connection.ts';
import { firstSet, readChoice, readInteger } from '../sinks/otlp/environment.ts';
import { readResourceAttributes } from '../sinks/otlp/resource-attributes.ts';
import { type DetectorName, readSettings } from '../sinks/otlp/settings.ts';
import { LOGS } from '../sinks/otlp/signal.ts';
import { logExporters } from './configured.ts';

/** What the console would show is on standard error anyway. */
const EXPORTERS = ['otlp', 'console', 'none'] as const;

const DEFAULT_QUEUE = 2048;
const DEFAULT_BATCH = 512;
const DEFAULT_DELAY_MS = 1000;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_ATTRIBUTES = 128;

export interface LogSettings {
  /** How to reach the collector; undefined without `otlp`. */
  connection: Connection | undefined;
  maxQueue: number;
  maxBatch: number;
  delayMs: number;
  /** For all tries of one request. */
  timeoutMs: number;
  attributeCountLimit: number;
  attributeValueLengthLimit: number;
  detectors: readonly DetectorName[];
}

/**
 * Reads and checks the variables of logs; without loading a library. Throws a usage error for one that cannot be used. These are their
 * only readers.
 */
export function readLogSettings(env: NodeJS.ProcessEnv): LogSettings {
  const name = 'OTEL_LOGS_EXPORTER';
  const exporters = logExporters(env).flatMap((value) => readChoice({ name, value }, EXPORTERS) ?? []);
  const positive = (...names: string[]) => readInteger(firstSet(env, ...names), 1);
  readResourceAttributes(env);
  const maxQueue = positive('OTEL_BLRP_MAX_QUEUE_SIZE') ?? DEFAULT_QUEUE;
  return {
    connection: exporters.includes('otlp') ? readConnection(env, LOGS) : undefined,
    maxQueue,
    maxBatch: Math.min(positive('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE') ?? DEFAULT_BATCH, maxQueue),
    delayMs: readInteger(firstSet(env, 'OTEL_BLRP_SCHEDULE_DELAY'), 0) ?? DEFAULT_DELAY_MS,
    timeoutMs: positive('OTEL_BLRP_EXPORT_TIMEOUT') ?? DEFAULT_TIMEOUT_MS,
    attributeCountLimit:
      positive('OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT') ?? DEFAULT_ATTRIBUTES,
    attributeValueLengthLimit:
      positive('OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      Number.POSITIVE_INFINITY,
    detectors: readSettings(env).detectors,
  };
}
