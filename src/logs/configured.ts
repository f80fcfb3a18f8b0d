// SPDX-License-Identifier: Apache-2.0
/**
 * The exporters of log records that the environment asks for; none unless it does. Imports nothing: the command line calls this at every
 * start, and loads the rest only if there are any.
 *
 * The standard's default is `otlp`. Here it is `none`, as for metrics: the variables for spans alone would send logs to backends that take
 * only spans.
 */
export function logExporters(env: NodeJS.ProcessEnv): string[] {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return [];
  const words = (env.OTEL_LOGS_EXPORTER ?? '').split(',').map((word) => word.trim());
  const named = words.filter((word) => word !== '');
  if (named.includes('none')) return [];
  return named.length === 0 && env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT?.trim() ? ['otlp'] : named;
}
