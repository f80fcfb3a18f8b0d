// SPDX-License-Identifier: Apache-2.0
/**
 * Whether the environment asks for spans to be exported. Free of imports: the command line asks this at every start, and
 * only then loads the OpenTelemetry libraries.
 */
export function otlpConfigured(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false;
  const exporters = list(env.OTEL_TRACES_EXPORTER);
  // Naming the exporter is asking for it, with the standard's default endpoint on this host; naming others only is not.
  if (exporters.length > 0) return exporters.includes('otlp') && !exporters.includes('none');
  return Object.entries(env).some(([name, value]) => TRACE_VARIABLE.test(name) && value?.trim());
}

/** OTEL_EXPORTER_OTLP_* except what is meant for metrics or logs only. */
const TRACE_VARIABLE = /^OTEL_EXPORTER_OTLP_(?!METRICS_|LOGS_|PROFILES_)/;

function list(value: string | undefined): string[] {
  const words = (value ?? '').split(',').map((word) => word.trim().toLowerCase());
  return words.filter((word) => word !== '');
}
