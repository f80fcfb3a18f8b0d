// SPDX-License-Identifier: Apache-2.0
/**
 * The exporters of metrics that the environment asks for; none unless it does. Imports nothing: the command line calls this at every
 * start, and loads the rest only if there are any.
 *
 * The standard's default is `otlp`. Here it is `none`, because the variables for spans alone would send metrics to backends that take
 * only spans; naming where metrics go asks for them.
 */
export function metricExporters(env: NodeJS.ProcessEnv): string[] {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return [];
  const words = (env.OTEL_METRICS_EXPORTER ?? '').split(',').map((word) => word.trim());
  const named = words.filter((word) => word !== '');
  if (named.includes('none')) return [];
  return named.length === 0 && env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT?.trim() ? ['otlp'] : named;
}
