// SPDX-License-Identifier: Apache-2.0
import { UserError } from '../errors.ts';
import type { Address } from '../http-server.ts';
import { metricExporters } from '../metrics/configured.ts';
import { type Finding, fail, ok } from './check.ts';
import { ask } from './collector.ts';

/** Short, because the user is waiting. */
const TIMEOUT_MS = 1000;

/** Checks what `run` checks, listens for Prometheus for a moment, and sends the collector a request without metrics. */
export async function metrics(env = process.env): Promise<Finding> {
  if (metricExporters(env).length === 0) return ok('none are configured: OTEL_METRICS_EXPORTER asks for them.');
  try {
    const { readMetricSettings } = await import('../metrics/settings.ts');
    const { exporters, listen, connection } = readMetricSettings(env);
    const where = exporters.includes('prometheus') ? await prometheus(listen) : 'standard error shows them.';
    return connection ? await ask(connection, 'metrics', connection.warnings) : ok(where);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return fail(error.message, 'Correct the variable, or unset it.', error.exitCode);
  }
}

/** Where Prometheus can read the metrics. Throws a UserError when something other than an agent has the port. */
async function prometheus(listen: Address): Promise<string> {
  const { PrometheusServer, isAgent, urlOf } = await import('../metrics/prometheus-server.ts');
  try {
    const server = await PrometheusServer.open(listen, () => {});
    const { url } = server;
    server.close();
    return `Prometheus can read them at ${url}.`;
  } catch (error) {
    if (!(await isAgent(listen, TIMEOUT_MS))) throw error;
    return `an agent that runs already serves them at ${urlOf(listen)}; a second one needs another port.`;
  }
}
