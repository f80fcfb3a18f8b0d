// SPDX-License-Identifier: Apache-2.0

import { type Message, message } from '../../messages/message.ts';
import type { Outcome } from './collector.ts';
import { IDLE_S, MAX_RESOURCES } from './resources.ts';

/** A lasting condition is reported again after this long. */
const AGAIN_MS = 60_000;

const WRONG_DOOR =
  'Check that endpoint and OTEL_EXPORTER_OTLP_PROTOCOL belong together (gRPC is usually 4317, HTTP 4318).';
const WHO = 'Check OTEL_EXPORTER_OTLP_HEADERS and the certificates.';
const MOVED = 'Redirects are not followed: set OTEL_EXPORTER_OTLP_ENDPOINT to where the collector is.';

/** What to do, where the reason proves the cause. */
const NEXT_STEP: Record<string, string> = {
  grpc_unauthenticated: WHO,
  grpc_permission_denied: WHO,
  http_401: WHO,
  http_403: WHO,
  grpc_unimplemented: WRONG_DOOR,
  http_404: WRONG_DOOR,
  http_405: WRONG_DOOR,
  http_415: WRONG_DOOR,
  http_not_otlp: WRONG_DOOR,
  grpc_not_otlp: WRONG_DOOR,
  not_http: WRONG_DOOR,
  not_http2: WRONG_DOOR,
  http_301: MOVED,
  http_302: MOVED,
  http_303: MOVED,
  http_307: MOVED,
  http_308: MOVED,
  unknown_authority: 'Name its authority in OTEL_EXPORTER_OTLP_CERTIFICATE.',
  client_certificate: 'Set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY.',
  tls: 'It speaks TLS: use https://.',
  plain_text: 'If it speaks plain text, use http:// or OTEL_EXPORTER_OTLP_INSECURE=true.',
};
const TOO_BIG = 'Let the collector accept larger requests, or use --stack none or event.';
const NO_METRICS = 'It may take spans only: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT names another for metrics.';
const NO_LOGS = 'It may take no logs: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT names another for them.';
const CHECK_IT = 'Check that it runs and that OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL are right.';
const ASK_THE_LOG = "The collector's log may say more.";

/** What to do about a collector that refuses spans: a sentence. */
export function nextStep({ reason, tooLarge }: Outcome & { kind: 'refused' }): string {
  return tooLarge ? TOO_BIG : (NEXT_STEP[reason] ?? ASK_THE_LOG);
}

/** The same for metrics: a backend of traces answers that it does not know the method, or the path. */
export function nextMetricsStep(outcome: Outcome & { kind: 'refused' }): string {
  if (outcome.tooLarge) return 'Let the collector accept larger requests.';
  return /^(grpc_unimplemented|http_404)$/.test(outcome.reason) ? NO_METRICS : nextStep(outcome);
}

/** The same for log records, as far as the cause is known. */
export function nextLogsStep({ reason }: Pick<Outcome & { kind: 'refused' | 'retry' }, 'reason'>): string | undefined {
  return /^(grpc_unimplemented|http_404)$/.test(reason) ? NO_LOGS : NEXT_STEP[reason];
}

/** What to do about a collector that does not take spans now, where the cause is known: a sentence. */
export const knownStep = ({ reason }: Outcome & { kind: 'retry' }): string | undefined => NEXT_STEP[reason];

/** Messages about the delivery of spans: each condition at once, then at most once a minute. */
export class DeliveryMessages {
  readonly endpoint: string;
  readonly #warn: (message: Message) => void;
  readonly #lastSaid = new Map<string, number>();
  #failingSince: number | undefined;
  #lastFailure: (Outcome & { kind: 'retry' }) | undefined;
  /** As last reported. */
  #spoolFailing = false;

  constructor(endpoint: string, warn: (message: Message) => void) {
    this.endpoint = endpoint;
    this.#warn = warn;
  }

  retrying(outcome: Outcome & { kind: 'retry' }, queued: number): void {
    this.#failingSince ??= Date.now();
    this.#lastFailure = outcome;
    const { answered, reason, message: answer } = outcome;
    const fields = { endpoint: this.endpoint, answer, reason, spans: queued };
    this.#say('retrying', message(answered ? 'collector_busy' : 'collector_unreachable', fields, knownStep(outcome)));
  }

  /** The end of the run. Reported even after `retrying`: these spans are lost now. */
  gaveUp(spans: number): void {
    const last = this.#lastFailure;
    const why = last ? `The last try: ${last.message}.` : '';
    const step = (last && (knownStep(last) ?? (last.answered ? ASK_THE_LOG : CHECK_IT))) ?? '';
    const fields = { endpoint: this.endpoint, spans, ...(last && { reason: last.reason, answer: last.message }) };
    this.#warn(message('spans_undelivered', fields, `${why} ${step}`.trim() || undefined));
  }

  answered(queued: number): void {
    if (this.#failingSince === undefined) return;
    const seconds = Math.round((Date.now() - this.#failingSince) / 1000);
    this.#failingSince = undefined;
    this.#lastFailure = undefined;
    this.#lastSaid.delete('retrying');
    this.#warn(message('collector_answers_again', { endpoint: this.endpoint, seconds, spans: queued }));
  }

  refused(outcome: Outcome & { kind: 'refused' }, spans: number): void {
    const { lasting, reason, message: answer } = outcome;
    const fields = { endpoint: this.endpoint, spans, reason, answer };
    const code = lasting ? 'spans_never_taken' : 'spans_refused';
    this.#say(lasting ? 'lasting' : reason, message(code, fields, nextStep(outcome)));
  }

  /** The spans of a request that was too large are sent again in smaller ones. */
  madeSmaller({ reason, message: answer }: Outcome & { kind: 'refused' }, bytes: number): void {
    this.#say('made_smaller', message('requests_made_smaller', { endpoint: this.endpoint, bytes, reason, answer }));
  }

  /** Reported once: it does not change. */
  doubted(doubt: string): void {
    if (this.#lastSaid.has('doubted')) return;
    this.#say('doubted', doubtful(this.endpoint, doubt, 'spans'));
  }

  partial(rejected: number, spans: number, words: string): void {
    const fields = { endpoint: this.endpoint, rejected, spans, answer: words || 'it gave no reason' };
    this.#say('partial', message(rejected > 0 ? 'spans_rejected' : 'collector_warned', fields));
  }

  queueFull(size: number): void {
    this.#say('queue_full', message('queue_full', { size }));
  }

  /** An earlier run has left something. */
  spoolLeft(folder: string, bytes: number): void {
    this.#warn(message('spool_left', { folder, megabytes: megabytes(bytes) }));
  }

  /** This run leaves something. */
  spoolKept(folder: string, spans: number): void {
    this.#warn(message('spool_kept', { folder, spans }));
  }

  spoolFailing(folder: string, reason: string): void {
    if (this.#say('spool_failing', message('spool_failing', { folder, reason }))) this.#spoolFailing = true;
  }

  /** Follows each reported failure, and no other, so that the last message is true. */
  spoolWorks(folder: string): void {
    if (!this.#spoolFailing) return;
    this.#spoolFailing = false;
    this.#warn(message('spool_works', { folder }));
  }

  /** The disk did not answer at the end of this run. */
  spoolHangs(folder: string, ms: number): void {
    this.#warn(message('spool_hangs', { folder, seconds: ms / 1000 }));
  }

  spoolDropped(folder: string, reason: 'spool_full' | 'spool_expired', spans: number): void {
    this.#say(reason, message(reason, { folder, spans }));
  }

  spoolDamaged(folder: string, file: string, reason: string): void {
    this.#warn(message('spool_damaged', { folder, file, reason }));
  }

  tooLarge(): void {
    this.#say('too_large', message('span_too_large', {}));
  }

  tooManyServices(): void {
    this.#say('too_many_services', message('too_many_services', { services: MAX_RESOURCES, minutes: IDLE_S / 60 }));
  }

  /** @returns whether it was said: not within a minute of the last time */
  #say(condition: string, said: Message): boolean {
    const now = Date.now();
    const last = this.#lastSaid.get(condition);
    if (last !== undefined && now - last < AGAIN_MS) return false;
    this.#lastSaid.set(condition, now);
    this.#warn(said);
    return true;
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** What an answer without any sign of OTLP means. */
export const doubtful = (endpoint: string, answer: string, signal: 'spans' | 'metrics' | 'logs'): Message =>
  message('collector_doubtful', { endpoint, answer, signal });
