// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import type { Address } from '../http-server.ts';
import { type Connection, readConnection } from '../sinks/otlp/connection.ts';
import { badSetting, firstSet, readChoice, readInteger } from '../sinks/otlp/environment.ts';
import { readResourceAttributes } from '../sinks/otlp/resource-attributes.ts';
import { readSettings, type Settings } from '../sinks/otlp/settings.ts';
import { METRICS } from '../sinks/otlp/signal.ts';
import { metricExporters } from './configured.ts';
import { TEMPORALITIES, type TemporalityPreference } from './temporality.ts';

const EXPORTERS = ['otlp', 'prometheus', 'console', 'none'] as const;
type ExporterName = (typeof EXPORTERS)[number];
const HISTOGRAMS = ['base2_exponential_bucket_histogram'] as const;
const EXEMPLAR_FILTERS = ['trace_based', 'always_on', 'always_off'] as const;

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 9464;
const MAX_PORT = 65_535;

export interface MetricSettings {
  exporters: readonly ExporterName[];
  intervalMs: number;
  /** Upper limit of one export, on top of OTEL_EXPORTER_OTLP_TIMEOUT. */
  timeoutMs: number;
  preference: TemporalityPreference;
  exemplars: boolean;
  /** Where Prometheus scrapes. */
  listen: Address;
  /** How to reach the collector; undefined without `otlp`. */
  connection: Connection | undefined;
  /** Of the spans: their sampler, queue and resource. */
  spans: Settings;
}

/**
 * Reads and checks the variables of metrics; without loading a library. Throws a usage error for one that cannot be used. These
 * are their only readers.
 */
export function readMetricSettings(env: NodeJS.ProcessEnv): MetricSettings {
  const exporters = readExporters(env);
  const positive = (name: string) => readInteger(firstSet(env, name), 1);
  const lower = (text: string) => text.toLowerCase();
  const preference = firstSet(env, 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE');
  const filter = readChoice(firstSet(env, 'OTEL_METRICS_EXEMPLAR_FILTER'), EXEMPLAR_FILTERS, lower);
  readResourceAttributes(env);
  // The kernel adds durations up in such buckets.
  readChoice(firstSet(env, 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION'), HISTOGRAMS, lower);
  return {
    exporters,
    intervalMs: positive('OTEL_METRIC_EXPORT_INTERVAL') ?? DEFAULT_INTERVAL_MS,
    timeoutMs: positive('OTEL_METRIC_EXPORT_TIMEOUT') ?? DEFAULT_TIMEOUT_MS,
    preference: readChoice(preference, TEMPORALITIES, lower) ?? 'cumulative',
    exemplars: filter !== 'always_off',
    listen: readListen(env),
    connection: exporters.includes('otlp') ? readConnection(env, METRICS) : undefined,
    spans: readSettings(env),
  };
}

function readExporters(env: NodeJS.ProcessEnv): ExporterName[] {
  const name = 'OTEL_METRICS_EXPORTER';
  return metricExporters(env).flatMap((value) => readChoice({ name, value }, EXPORTERS) ?? []);
}

function readListen(env: NodeJS.ProcessEnv): Address {
  const host = firstSet(env, 'OTEL_EXPORTER_PROMETHEUS_HOST');
  if (host !== undefined && isIP(host.value) === 0 && host.value !== 'localhost') {
    throw badSetting(host.name, 'must be an address of this host, such as 127.0.0.1, ::1 or 0.0.0.0, or localhost');
  }
  const port = readInteger(firstSet(env, 'OTEL_EXPORTER_PROMETHEUS_PORT'), 0, MAX_PORT) ?? DEFAULT_PORT;
  return { host: host?.value ?? DEFAULT_HOST, port };
}
