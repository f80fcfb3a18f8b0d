// SPDX-License-Identifier: Apache-2.0
import type { Outcome } from './collector.ts';
import { IDLE_S, MAX_RESOURCES } from './resources.ts';

/** A lasting condition is reported again after this long. */
const AGAIN_MS = 60_000;

const TOO_BIG = 'Lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE, or let the collector accept larger requests.';
const WRONG_DOOR =
  'Check that endpoint and OTEL_EXPORTER_OTLP_PROTOCOL belong together (gRPC is usually 4317, HTTP 4318).';
const WHO = 'Check OTEL_EXPORTER_OTLP_HEADERS and the certificates.';

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
const ASK_THE_LOG = "The collector's log may say more.";
/** Failures without an answer, as opposed to an answer that asks for patience. */
const SILENCE = /connect|socket|resolution|getaddrinfo|deadline|timed out|SSL|TLS|certificate|\bE[A-Z]{4,}\b/i;
/** What OpenSSL reports when TLS meets a port that speaks plain text. */
const PLAIN_TEXT = /wrong version number|packet length too long|EPROTO/i;

/** What to do about a collector that refuses spans for this reason: a sentence. */
export const nextStep = (reason: string): string => NEXT_STEP[reason] ?? ASK_THE_LOG;

/** Messages about the delivery of spans: each condition at once, then at most once a minute. */
export class DeliveryMessages {
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
    const what = SILENCE.test(message) ? 'does not answer' : 'does not accept spans now';
    this.#say(
      'retrying',
      `collector at ${this.endpoint} ${what}: ${message}; ${queued} spans queued, retrying.${hint}`,
    );
  }

  /** The end of the run. Reported even after `retrying`: these spans are lost now. */
  gaveUp(spans: number): void {
    this.#warn(
      `collector at ${this.endpoint} did not accept ${spans} spans in time; they are dropped. ` +
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
      `collector at ${this.endpoint} refused ${spans} spans (${said}); they are dropped. ${nextStep(outcome.reason)}`,
    );
  }

  partial(rejected: number, spans: number, message: string): void {
    const what = rejected > 0 ? `rejected ${rejected} of ${spans} spans` : 'accepted all spans with a warning';
    this.#say('partial', `collector at ${this.endpoint} ${what}: ${message || 'it gave no reason'}.`);
  }

  queueFull(size: number): void {
    const next = 'Use a faster collector or a larger OTEL_BSP_MAX_QUEUE_SIZE.';
    this.#say('queue_full', `the queue of ${size} spans is full; new spans are dropped and counted. ${next}`);
  }

  tooLarge(): void {
    this.#say('too_large', 'a span does not fit into a request of 4 MiB and is dropped. Use --stack none or event.');
  }

  tooManyServices(): void {
    this.#say(
      'too_many_services',
      `more than ${MAX_RESOURCES} services stalled within ${IDLE_S / 60} minutes; spans of further services have the host's resource.`,
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
