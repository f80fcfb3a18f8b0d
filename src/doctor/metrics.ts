// SPDX-License-Identifier: Apache-2.0
import { UserError } from '../errors.ts';
import { metricExporters } from '../metrics/configured.ts';
import { type Finding, fail, ok } from './check.ts';
import { ask } from './collector.ts';

/** Checks what `run` checks, listens for Prometheus for a moment, and sends the collector a request without metrics. */
export async function metrics(env = process.env): Promise<Finding> {
  if (metricExporters(env).length === 0) return ok('none are configured: OTEL_METRICS_EXPORTER asks for them.');
  try {
    const { readMetricSettings } = await import('../metrics/settings.ts');
    const { PrometheusServer } = await import('../metrics/prometheus-server.ts');
    const { exporters, listen, connection } = readMetricSettings(env);
    let where = 'standard error shows them.';
    if (exporters.includes('prometheus')) {
      const server = await PrometheusServer.open(listen, () => {});
      where = `Prometheus can read them at ${server.url}.`;
      server.close();
    }
    return connection ? await ask(connection, 'metrics', connection.warnings) : ok(where);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return fail(error.message, 'Correct the variable, or unset it.', error.exitCode);
  }
}
