// SPDX-License-Identifier: Apache-2.0
import { UserError } from '../errors.ts';
import { logExporters } from '../logs/configured.ts';
import { type Finding, fail, ok } from './check.ts';
import { ask } from './collector.ts';

/** Checks what `run` checks, and sends the collector a request without log records. */
export async function logs(env = process.env): Promise<Finding> {
  if (logExporters(env).length === 0) return ok('none are sent: OTEL_LOGS_EXPORTER asks for them.');
  try {
    const { connection } = (await import('../logs/settings.ts')).readLogSettings(env);
    return connection ? await ask(connection, 'logs', connection.warnings) : ok('standard error shows them.');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return fail(error.message, 'Correct the variable, or unset it.', error.exitCode);
  }
}
