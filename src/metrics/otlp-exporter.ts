// SPDX-License-Identifier: Apache-2.0
import type { Resource } from '@opentelemetry/resources';
import type { Collector, Outcome } from '../sinks/otlp/collector.ts';
import { condition, doubtful, knownStep, nextMetricsStep } from '../sinks/otlp/delivery-messages.ts';
import { resourceBytes, scopeBytes } from '../sinks/otlp/request-writer.ts';
import { VERSION } from '../version.ts';
import type { Reading } from './metric.ts';
import { type RequestFrame, writeRequest } from './request-writer.ts';
import { Deltas, type TemporalityPreference } from './temporality.ts';

export interface OtlpExporterOptions {
  collector: Collector;
  resource: Resource;
  preference: TemporalityPreference;
  startUnixNano: bigint;
  /** For messages: where metrics go. */
  destination: string;
  warn: (sentence: string) => void;
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
    const { resource, preference, startUnixNano } = options;
    this.#options = options;
    this.#lastUnixNano = startUnixNano;
    const scope = scopeBytes({ name: 'compactstall', version: VERSION });
    this.#frame = { resource: resourceBytes(resource), scope, preference };
    this.#deltas = new Deltas(preference);
  }

  /** @returns whether they arrived */
  async export(readings: readonly Reading[], unixNano: bigint): Promise<boolean> {
    const { collector, startUnixNano } = this.#options;
    const times = { startUnixNano, lastUnixNano: this.#lastUnixNano, unixNano };
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
    const complaint = complaintOf(outcome, points);
    this.#said = complaint === undefined ? undefined : outcome.kind;
    const { destination, warn } = this.#options;
    if (complaint !== undefined && before !== outcome.kind) warn(`collector at ${destination} ${complaint}`);
    if (complaint === undefined && before !== undefined) warn(`collector at ${destination} takes metrics again.`);
  }
}

function complaintOf(outcome: Outcome, points: number): string | undefined {
  switch (outcome.kind) {
    case 'delivered':
      if (outcome.doubt) return doubtful(outcome.doubt, 'metrics');
      if (outcome.rejected === 0) return undefined;
      return `rejected ${outcome.rejected} of ${points} data points: ${outcome.message || 'it gave no reason'}.`;
    case 'refused':
      return `refused metrics (${outcome.reason}: ${outcome.message}). ${nextMetricsStep(outcome)}`;
    case 'retry': {
      const step = knownStep(outcome);
      return `${condition(outcome)}; metrics are sent again at the next interval.${step ? ` ${step}` : ''}`;
    }
  }
}
