// SPDX-License-Identifier: Apache-2.0
/**
 * Whether the environment asks for spans to be exported. Imports nothing: the command line calls this at every start, and
 * loads the OpenTelemetry libraries only if it is true.
 */
export function otlpConfigured(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false;
  const exporters = list(env.OTEL_TRACES_EXPORTER);
  // OTEL_TRACES_EXPORTER=otlp turns spans on, with the standard's default endpoint; naming only others turns them off.
  if (exporters.length > 0) return exporters.includes('otlp') && !exporters.includes('none');
  return Object.entries(env).some(([name, value]) => TRACE_VARIABLE.test(name) && value?.trim());
}

/** OTEL_EXPORTER_OTLP_*, except variables for other signals only. */
const TRACE_VARIABLE = /^OTEL_EXPORTER_OTLP_(?!METRICS_|LOGS_|PROFILES_)/;

function list(value: string | undefined): string[] {
  const words = (value ?? '').split(',').map((word) => word.trim().toLowerCase());
  return words.filter((word) => word !== '');
}
