// SPDX-License-Identifier: Apache-2.0
import { UserError } from '../errors.ts';
import type { Message } from '../messages/message.ts';
import type { Outcome } from '../sinks/otlp/collector.ts';
import { otlpConfigured, turnedOffBy } from '../sinks/otlp/configured.ts';
import type { Connection } from '../sinks/otlp/connection.ts';
import { doubtful, knownStep, nextLogsStep, nextMetricsStep, nextStep } from '../sinks/otlp/delivery-messages.ts';
import { type Finding, fail, ok, warn } from './check.ts';

/** Short, because the user is waiting. */
const TIMEOUT_MS = 2000;

/** Sends an export request without spans, over the same transport as `run`. No answer is a warning: `run` keeps trying. */
export async function collector(env = process.env): Promise<Finding> {
  const off = turnedOffBy(env);
  if (off !== undefined) return ok(`${off} turns spans off: none are sent without -o otlp.`);
  if (!otlpConfigured(env)) return ok('none is configured: no spans are sent.');
  try {
    const { createOtlpSink } = await import('../sinks/otlp/sink.ts');
    const { readConnection } = await import('../sinks/otlp/connection.ts');
    const complaints: Message[] = [];
    // Checks all that `run` checks, with the same messages; it does not connect.
    await createOtlpSink({ stack: 'none', warn: (complaint) => complaints.push(complaint), env });
    return await ask(readConnection(env), 'spans', complaints);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return fail(error.message, 'Correct the variable, or unset it.', error.exitCode);
  }
}

/** Sends an empty request. */
export async function ask(
  connection: Connection,
  what: 'spans' | 'metrics' | 'logs',
  complaints: readonly Message[],
): Promise<Finding> {
  const { openCollector } = await import('../sinks/otlp/sink.ts');
  const collector = await openCollector(connection, TIMEOUT_MS);
  const outcome = await collector.send({ bytes: new Uint8Array(), spans: 0 });
  collector.close();
  const name = `the collector at ${connection.destination}`;
  const also = complaints.length > 0 ? ` Also: ${complaints.map(({ text }) => text).join(' ')}` : '';
  switch (outcome.kind) {
    case 'delivered':
      if (outcome.doubt) {
        const { text } = doubtful(connection.destination, outcome.doubt, what);
        return warn(`the ${text}${also}`, CHECK_ENDPOINT);
      }
      if (!also) return ok(`${name} accepts ${what}.`);
      return warn(`${name} accepts ${what}.${also}`, 'Correct the variable, or unset it.');
    case 'refused':
      return warn(`${name} refuses ${what}: ${outcome.reason}: ${outcome.message}.${also}`, refusedStep(outcome, what));
    case 'retry': {
      const condition = outcome.answered ? `does not accept ${what} now` : 'does not answer';
      const todo = `${knownStep(outcome) ?? START_IT} ${MEANWHILE[what]}`;
      return warn(`${name} ${condition}: ${outcome.message}.${also}`, todo);
    }
  }
}

function refusedStep(outcome: Outcome & { kind: 'refused' }, what: 'spans' | 'metrics' | 'logs'): string {
  if (what === 'spans') return nextStep(outcome);
  return what === 'metrics' ? nextMetricsStep(outcome) : (nextLogsStep(outcome) ?? nextStep(outcome));
}

const CHECK_ENDPOINT = 'Check OTEL_EXPORTER_OTLP_ENDPOINT; VictoriaTraces, for one, does answer like this.';
const START_IT = 'Start it, or correct the OTEL_EXPORTER_OTLP_* variables.';
const MEANWHILE = {
  spans: 'Until then spans wait in memory.',
  metrics: 'Until then no metrics arrive.',
  logs: 'Until then no logs arrive.',
};
