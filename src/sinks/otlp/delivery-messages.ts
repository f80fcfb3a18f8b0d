// SPDX-License-Identifier: Apache-2.0
import type { Outcome } from './collector.ts';
import { IDLE_S, MAX_RESOURCES } from './resources.ts';

/** A condition that lasts is said again after this long. */
const AGAIN_MS = 60_000;

const TOO_BIG = 'lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE or let the collector take larger requests';
const WRONG_DOOR =
  'check that endpoint and OTEL_EXPORTER_OTLP_PROTOCOL belong together (gRPC is usually 4317, HTTP 4318)';
const WHO = 'check OTEL_EXPORTER_OTLP_HEADERS and the certificates';

const NEXT_STEP: Record<string, string> = {
  grpc_unauthenticated: WHO,
  grpc_permission_denied: WHO,
  http_401: WHO,
  http_403: WHO,
  grpc_unimplemented: WRONG_DOOR,
  grpc_unknown: WRONG_DOOR,
  http_404: WRONG_DOOR,
  http_405: WRONG_DOOR,
  http_415: WRONG_DOOR,
  grpc_resource_exhausted: TOO_BIG,
  http_413: TOO_BIG,
};
const ASK_THE_LOG = "look into the collector's log";
/** It may be another condition than an answer that asks for patience. */
const SILENCE = /connect|socket|resolution|getaddrinfo|deadline|timed out|SSL|TLS|certificate|\bE[A-Z]{4,}\b/i;
/** TLS towards a port that speaks plain text. */
const PLAIN_TEXT = /wrong version number|packet length too long|EPROTO/i;

/** What to do about a collector that refuses spans for this reason; a clause. */
export const nextStep = (reason: string): string => NEXT_STEP[reason] ?? ASK_THE_LOG;

/** Sentences about the delivery, each condition once and then rarely. */
export class Notices {
  readonly endpoint: string;
  readonly #warn: (sentence: string) => void;
  readonly #lastSaid = new Map<string, number>();
  #failingSince: number | undefined;

  constructor(endpoint: string, warn: (sentence: string) => void) {
    this.endpoint = endpoint;
    this.#warn = warn;
  }

  retrying({ message }: Outcome, queued: number): void {
    this.#failingSince ??= Date.now();
    const hint = PLAIN_TEXT.test(message)
      ? ' If it speaks plain text, use http:// or OTEL_EXPORTER_OTLP_INSECURE=true.'
      : '';
    const what = SILENCE.test(message) ? 'does not answer' : 'takes no spans now';
    this.#say(
      'retrying',
      `collector at ${this.endpoint} ${what}: ${message}; ${queued} spans queued, retrying.${hint}`,
    );
  }

  /** The end of the run. Said even when failures were: it is the last word on these spans. */
  gaveUp(spans: number): void {
    this.#warn(
      `collector at ${this.endpoint} did not take ${spans} spans in time; they are dropped. ` +
        'Check that it runs and that OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL are right.',
    );
  }

  answered(queued: number): void {
    if (this.#failingSince === undefined) return;
    const seconds = Math.round((Date.now() - this.#failingSince) / 1000);
    this.#failingSince = undefined;
    this.#lastSaid.delete('retrying');
    this.#warn(`collector at ${this.endpoint} answers again after ${seconds} s; ${queued} spans queued.`);
  }

  refused(outcome: Outcome & { reason: string }, spans: number): void {
    const said = `${outcome.reason}: ${outcome.message}`;
    this.#say(
      outcome.reason,
      `collector at ${this.endpoint} refused ${spans} spans (${said}); they are dropped, ${nextStep(outcome.reason)}.`,
    );
  }

  partial(rejected: number, spans: number, message: string): void {
    const what = rejected > 0 ? `rejected ${rejected} of ${spans} spans` : 'took all spans with a warning';
    this.#say('partial', `collector at ${this.endpoint} ${what}: ${message || 'it gave no reason'}.`);
  }

  queueFull(size: number): void {
    const next = 'a faster collector or a larger OTEL_BSP_MAX_QUEUE_SIZE would help';
    this.#say('queue_full', `the queue of ${size} spans is full, new ones are dropped and counted; ${next}.`);
  }

  tooLarge(): void {
    this.#say('too_large', 'a span does not fit into a request of 4 MiB and is dropped; use --stack none or event.');
  }

  tooManyServices(): void {
    this.#say(
      'too_many_services',
      `more than ${MAX_RESOURCES} services stalled within ${IDLE_S / 60} minutes; the spans of further ones have the host's resource.`,
    );
  }

  #say(condition: string, sentence: string): void {
    const now = Date.now();
    const last = this.#lastSaid.get(condition);
    if (last !== undefined && now - last < AGAIN_MS) return;
    this.#lastSaid.set(condition, now);
    this.#warn(sentence);
  }
}
