// SPDX-License-Identifier: Apache-2.0
import { UserError } from '../errors.ts';
import type { Outcome } from '../sinks/otlp/collector.ts';
import { otlpConfigured, turnedOffBy } from '../sinks/otlp/configured.ts';
import { condition, doubtful, knownStep, nextStep } from '../sinks/otlp/delivery-messages.ts';
import { type Finding, fail, ok, warn } from './check.ts';

/** Short, because the user is waiting. */
const TIMEOUT_MS = 2000;

/** Sends an export request without spans, over the same transport as `run`. No answer is a warning: `run` keeps trying. */
export async function collector(env = process.env): Promise<Finding> {
  const off = turnedOffBy(env);
  if (off !== undefined) return ok(`${off} turns spans off: none are sent without -o otlp.`);
  if (!otlpConfigured(env)) return ok('none is configured: no spans are sent.');
  try {
    const { createOtlpSink, openCollector } = await import('../sinks/otlp/sink.ts');
    const { readConnection } = await import('../sinks/otlp/connection.ts');
    const complaints: string[] = [];
    // Checks all that `run` checks, with the same messages; it does not connect.
    const sink = await createOtlpSink({ stack: 'none', warn: (sentence) => complaints.push(sentence), env });
    const connection = await openCollector(readConnection(env), TIMEOUT_MS);
    const outcome = await connection.send({ bytes: new Uint8Array(), spans: 0 });
    connection.close();
    return judge(outcome, `the collector at ${sink.destination}`, complaints);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return fail(error.message, 'Correct the variable, or unset it.', error.exitCode);
  }
}

function judge(outcome: Outcome, collector: string, complaints: readonly string[]): Finding {
  const also = complaints.length > 0 ? ` Also: ${complaints.join(' ')}` : '';
  switch (outcome.kind) {
    case 'delivered':
      if (outcome.doubt) return warn(`${collector} ${doubtful(outcome.doubt)}${also}`, CHECK_ENDPOINT);
      if (!also) return ok(`${collector} accepts spans.`);
      return warn(`${collector} accepts spans.${also}`, 'Correct the variable, or unset it.');
    case 'refused':
      return warn(`${collector} refuses spans: ${outcome.reason}: ${outcome.message}.${also}`, nextStep(outcome));
    case 'retry':
      return warn(`${collector} ${condition(outcome)}.${also}`, `${knownStep(outcome) ?? START_IT} ${MEANWHILE}`);
  }
}

const CHECK_ENDPOINT = 'Check OTEL_EXPORTER_OTLP_ENDPOINT; VictoriaTraces, for one, does answer like this.';
const START_IT = 'Start it, or correct the OTEL_EXPORTER_OTLP_* variables.';
const MEANWHILE = 'Until then spans wait in memory.';
