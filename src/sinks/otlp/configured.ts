// SPDX-License-Identifier: Apache-2.0
/**
 * Whether the environment asks for spans to be exported. Imports nothing: the command line calls this at every start, and
 * loads the OpenTelemetry libraries only if it is true.
 */
export function otlpConfigured(env: NodeJS.ProcessEnv): boolean {
  if (turnedOffBy(env) !== undefined) return false;
  // OTEL_TRACES_EXPORTER=otlp turns spans on, with the standard's default endpoint.
  if (exporters(env).length > 0) return true;
  return Object.entries(env).some(([name, value]) => TRACE_VARIABLE.test(name) && value?.trim());
}

/** The variable that turns spans off, whatever others say. */
export function turnedOffBy(env: NodeJS.ProcessEnv): string | undefined {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return 'OTEL_SDK_DISABLED';
  const names = exporters(env);
  if (names.length > 0 && (!names.includes('otlp') || names.includes('none'))) return 'OTEL_TRACES_EXPORTER';
  return undefined;
}

/** OTEL_EXPORTER_OTLP_*, except variables for other signals only. */
const TRACE_VARIABLE = /^OTEL_EXPORTER_OTLP_(?!METRICS_|LOGS_|PROFILES_)/;

function exporters(env: NodeJS.ProcessEnv): string[] {
  const words = (env.OTEL_TRACES_EXPORTER ?? '').split(',').map((word) => word.trim().toLowerCase());
  return words.filter((word) => word !== '');
}

/**
 * The exporters of another signal that the environment asks for: by name, or by naming where that signal goes. The standard's default is
 * `otlp`. Here it is none, because the variables for spans alone would send metrics and logs to backends that take only spans.
 */
export function exportersOf(signal: 'METRICS' | 'LOGS', env: NodeJS.ProcessEnv): string[] {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return [];
  const words = (env[`OTEL_${signal}_EXPORTER`] ?? '').split(',').map((word) => word.trim());
  const named = words.filter((word) => word !== '');
  if (named.includes('none')) return [];
  return named.length === 0 && env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]?.trim() ? ['otlp'] : named;
}
