// SPDX-License-Identifier: Apache-2.0
import type { Resource } from '@opentelemetry/resources';
import { type Message, message } from '../messages/message.ts';
import type { Collector, Outcome } from '../sinks/otlp/collector.ts';
import { doubtful, knownStep, nextMetricsStep } from '../sinks/otlp/delivery-messages.ts';
import { resourceBytes, scopeBytes } from '../sinks/otlp/request-writer.ts';
import { VERSION } from '../version.ts';
import type { Reading } from './metric.ts';
import { type RequestFrame, writeRequest } from './request-writer.ts';
import { Deltas, type TemporalityPreference } from './temporality.ts';

export interface OtlpExporterOptions {
  collector: Collector;
  resource: Resource;
  preference: TemporalityPreference;
  /** When the programs were attached, and when this process was started. */
  sinceUnixNano: bigint;
  processUnixNano: bigint;
  /** For messages: where metrics go. */
  destination: string;
  warn: (message: Message) => void;
}

/** Sends metrics to a collector. What fails is not sent again: the next export has all that it had, and more. */
export class OtlpExporter {
  /** Exports so far. */
  readonly counts = { delivered: 0, failed: 0 };
  readonly #options: OtlpExporterOptions;
  readonly #frame: RequestFrame;
  readonly #deltas: Deltas;
  #lastUnixNano: bigint;
  /** The condition that was reported last; it is reported once, until an export arrives. */
  #said: Outcome['kind'] | undefined;

  constructor(options: OtlpExporterOptions) {
    const { resource, preference, processUnixNano } = options;
    this.#options = options;
    this.#lastUnixNano = processUnixNano;
    const scope = scopeBytes({ name: 'compactstall', version: VERSION });
    this.#frame = { resource: resourceBytes(resource), scope, preference };
    this.#deltas = new Deltas(preference);
  }

  /** Counts of an earlier agent belong to none of the intervals between this agent's exports. */
  goOn(readings: readonly Reading[], unixNano: bigint): void {
    this.#deltas.arrived(readings);
    this.#lastUnixNano = unixNano;
  }

  /** @returns whether they arrived */
  async export(readings: readonly Reading[], unixNano: bigint): Promise<boolean> {
    const { collector, sinceUnixNano, processUnixNano } = this.#options;
    const times = { sinceUnixNano, processUnixNano, lastUnixNano: this.#lastUnixNano, unixNano };
    const bytes = writeRequest(this.#deltas.since(readings), times, this.#frame);
    const points = readings.reduce((sum, reading) => sum + reading.points.length, 0);
    const outcome = await collector.send({ bytes, spans: points });
    const arrived = outcome.kind === 'delivered';
    if (arrived) {
      this.#deltas.arrived(readings);
      this.#lastUnixNano = unixNano;
    }
    this.counts[arrived ? 'delivered' : 'failed'] += 1;
    this.#report(outcome, points);
    return arrived;
  }

  close(): void {
    this.#options.collector.close();
  }

  #report(outcome: Outcome, points: number): void {
    const before = this.#said;
    const { destination, warn } = this.#options;
    const complaint = complaintOf(outcome, points, destination);
    this.#said = complaint === undefined ? undefined : outcome.kind;
    if (complaint !== undefined && before !== outcome.kind) warn(complaint);
    if (complaint === undefined && before !== undefined)
      warn(message('metrics_accepted_again', { endpoint: destination }));
  }
}

function complaintOf(outcome: Outcome, points: number, endpoint: string): Message | undefined {
  switch (outcome.kind) {
    case 'delivered': {
      if (outcome.doubt) return doubtful(endpoint, outcome.doubt, 'metrics');
      const { rejected, message: answer } = outcome;
      if (rejected === 0) return undefined;
      return message('metrics_rejected', { endpoint, rejected, points, answer: answer || 'it gave no reason' });
    }
    case 'refused': {
      const { reason, message: answer } = outcome;
      return message('metrics_refused', { endpoint, reason, answer }, nextMetricsStep(outcome));
    }
    case 'retry': {
      const { answered, reason, message: answer } = outcome;
      const code = answered ? 'metrics_busy' : 'metrics_unreachable';
      return message(code, { endpoint, reason, answer }, knownStep(outcome));
    }
  }
}
