// SPDX-License-Identifier: Apache-2.0
import type { Entries } from './entry.ts';

/** The delivery of spans and metrics. */
export const DELIVERY = {
  // The delivery of spans.
  collector_unreachable: {
    level: 'warn',
    text: 'collector at {endpoint} does not answer: {answer}; {spans} spans queued, retrying.',
    cause: 'nothing listens there, or a firewall is in the way; spans wait',
    remedy: 'start it; check host and port',
  },
  collector_busy: {
    level: 'warn',
    text: 'collector at {endpoint} does not accept spans now: {answer}; {spans} spans queued, retrying.',
    cause: 'it asked the agent to retry later; the message quotes its answer',
    remedy: 'see its log',
  },
  collector_answers_again: {
    level: 'info',
    text: 'collector at {endpoint} answers again after {seconds} s; {spans} spans queued.',
    cause: 'good news',
    remedy: 'nothing',
  },
  spans_refused: {
    level: 'error',
    text: 'collector at {endpoint} refused {spans} spans ({reason}: {answer}); they are dropped.',
    more: true,
    cause: 'the next sentence says what to do',
    remedy: 'as it says',
  },
  spans_never_taken: {
    level: 'error',
    text: 'collector at {endpoint} takes other spans, but never these {spans} ({reason}: {answer}); they are dropped.',
    more: true,
    cause:
      'for ten minutes it asked the agent to retry this request, while it took others: a processor may fail on that data. The message quotes its answer',
    remedy: 'see its log; `error_mode: ignore` in its transform processor',
  },
  spans_rejected: {
    level: 'error',
    text: 'collector at {endpoint} rejected {rejected} of {spans} spans: {answer}.',
    cause: "a partial success; the collector's reason follows",
    remedy: 'as it says',
  },
  collector_warned: {
    level: 'warn',
    text: 'collector at {endpoint} accepted all spans with a warning: {answer}.',
    cause: 'a partial success without a rejected span',
    remedy: 'as it says',
  },
  collector_doubtful: {
    level: 'warn',
    text: 'collector at {endpoint} answers {answer}: {signal} count as delivered, but it may not be a collector. Check that they arrive.',
    cause:
      'the answer is empty and has no Content-Type, which OTLP asks for. VictoriaTraces and some gateways leave it out, and so does a server that throws everything away',
    remedy: 'look whether they arrive there',
  },
  requests_made_smaller: {
    level: 'info',
    text: 'collector at {endpoint} takes no requests of {bytes} bytes ({reason}: {answer}); they are made smaller, and nothing is lost.',
    cause: "the receiver's limit is below what the agent sends",
    remedy: 'nothing, or lower `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`',
  },
  spans_undelivered: {
    level: 'error',
    text: 'collector at {endpoint} did not accept {spans} spans in time; they are dropped.',
    more: true,
    cause: 'the agent stopped before the collector took them; `The last try:` says what went wrong',
    remedy: 'next time, stop the agent after the collector is back',
  },
  queue_full: {
    level: 'error',
    text: 'the queue of {size} spans is full; new spans are dropped and counted. Use a faster collector or a larger OTEL_BSP_MAX_QUEUE_SIZE.',
    cause: 'the collector is too slow',
    remedy: 'raise `OTEL_BSP_MAX_QUEUE_SIZE`, or send less ([deploy.md](deploy.md#volume-and-cost))',
  },
  span_too_large: {
    level: 'error',
    text: 'a span does not fit into a request of 4 MiB and is dropped. Use --stack none or event.',
    cause: 'a huge resource',
    remedy: '`--stack none`',
  },
  too_many_services: {
    level: 'warn',
    text: "more than {services} services stalled within {minutes} minutes; spans of further services have the host's resource.",
    cause: 'this is a fixed limit',
    remedy: 'nothing, or use fewer resource attributes that differ between processes',
  },
  spool_unusable: {
    level: 'error',
    text: 'cannot use the spool {folder}: {reason}.',
    cause:
      'the folder of `--spool` does not belong to the agent alone, cannot be created or written, or is used by another agent',
    remedy: 'give the agent a folder that it owns, with mode 0700; one for each agent',
  },
  spool_left: {
    level: 'info',
    text: 'earlier runs have left {megabytes} MB in the spool {folder}; that is sent first.',
    cause: 'the collector was away, or the agent ended before the collector had taken everything',
    remedy: 'nothing',
  },
  spool_kept: {
    level: 'info',
    text: '{spans} spans stay in the spool {folder}; the next run sends them.',
    cause: 'the agent stopped before the collector took them. They are not lost',
    remedy: 'nothing; or `compactstall` again with the same `--spool`',
  },
  spool_failing: {
    level: 'error',
    text: 'cannot use the spool {folder}: {reason}; spans wait in memory, and it is tried again.',
    cause:
      'the disk is full, fails or is read-only, or the agent may no longer use the folder. A crash would lose the spans in memory',
    remedy: 'make room, or restore the rights; the spans in memory are stored then',
  },
  spool_works: {
    level: 'info',
    text: 'the spool {folder} works again.',
    cause: 'good news',
    remedy: 'nothing',
  },
  spool_hangs: {
    level: 'error',
    text: 'the spool {folder} did not answer within {seconds} s; what it had not stored by then is lost.',
    cause: 'the disk hangs, or is very slow',
    remedy: 'check the disk',
  },
  spool_full: {
    level: 'error',
    text: 'the spool {folder} is full; the oldest {spans} spans are dropped.',
    cause: 'the collector was away for longer than `--spool-size` lasts',
    remedy: 'start the collector, or raise `--spool-size`',
  },
  spool_expired: {
    level: 'error',
    text: 'the oldest {spans} spans in the spool {folder} are dropped: they are older than --spool-age.',
    cause: 'the collector, or the agent, was away for longer than that',
    remedy: 'raise `--spool-age`',
  },
  spool_damaged: {
    level: 'error',
    text: 'the spool {folder} is damaged: {file}: {reason}. The rest is sent, and the file is kept as {file}.bad.',
    cause: 'a disk that fails, or another program that writes there. What cannot be read is counted as lost',
    remedy: 'check the disk; remove the file when you do not need it',
  },
  spool_export_skips: {
    level: 'error',
    text: 'the spool {folder} is damaged: {file}: {reason}; the rest is exported.',
    cause: 'a disk that fails, or another program that writes there; `compactstall spool export` leaves it out',
    remedy: 'check the disk',
  },
  certificate_expired: {
    level: 'warn',
    text: '{variable}: the certificate has expired; renew it, or set the clock.',
    cause: 'its last day is past, by the clock of this host',
    remedy: 'as it says',
  },
  opentelemetry: {
    level: 'warn',
    text: 'OpenTelemetry: {words}',
    cause: 'a message of the libraries, with their level',
    remedy: '`OTEL_LOG_LEVEL` sets how many',
  },

  // The delivery of metrics.
  metrics_refused: {
    level: 'error',
    text: 'collector at {endpoint} refused metrics ({reason}: {answer}).',
    more: true,
    cause: 'the next sentence says what to do',
    remedy: 'as it says',
  },
  metrics_unreachable: {
    level: 'warn',
    text: 'collector at {endpoint} does not answer: {answer}; metrics are sent again at the next interval.',
    cause: 'nothing listens there, or a firewall is in the way; spans are not held up',
    remedy: 'nothing, or see its log',
  },
  metrics_busy: {
    level: 'warn',
    text: 'collector at {endpoint} does not accept metrics now: {answer}; metrics are sent again at the next interval.',
    cause: 'it asked the agent to retry later; spans are not held up',
    remedy: 'nothing, or see its log',
  },
  metrics_accepted_again: {
    level: 'info',
    text: 'collector at {endpoint} takes metrics again.',
    cause: 'good news',
    remedy: 'nothing',
  },
  metrics_rejected: {
    level: 'error',
    text: 'collector at {endpoint} rejected {rejected} of {points} data points: {answer}.',
    cause: "a partial success; the collector's reason follows",
    remedy: 'as it says',
  },
  metrics_not_collected: {
    level: 'error',
    text: 'metrics cannot be collected ({error}); please report it.',
    cause: 'a fault of compactstall; spans go on',
    remedy: 'report it',
  },
  logs_undelivered: {
    level: 'warn',
    text: 'collector at {endpoint} did not take {records} log records ({reason}: {answer}); they are on standard error only.',
    more: true,
    cause:
      'it refused them, or did not answer or asked for retries for as long as `OTEL_BLRP_EXPORT_TIMEOUT`. Reported once, until it takes some again; spans are not held up',
    remedy: 'as the next sentence says, or see its log',
  },
  prometheus_port_taken: {
    level: 'error',
    text: 'cannot listen for Prometheus at {address}: {reason}. Set OTEL_EXPORTER_PROMETHEUS_HOST and OTEL_EXPORTER_PROMETHEUS_PORT to a free one.',
    cause: 'another program has that port, perhaps another compactstall',
    remedy: 'another `OTEL_EXPORTER_PROMETHEUS_PORT`',
  },
  metrics_destination: {
    level: 'info',
    text: 'metrics go to {endpoint}',
    cause: 'metrics are sent to that collector',
    remedy: 'nothing',
  },
  metrics_address: {
    level: 'info',
    text: 'metrics are at {url}',
    cause: 'Prometheus can read them there',
    remedy: 'nothing',
  },
  metrics_printed: {
    level: 'info',
    text: '{metrics}',
    cause: '`OTEL_METRICS_EXPORTER` has `console`: all metrics, in the text form of Prometheus',
    remedy: 'nothing',
  },
  metrics_exports_failed: {
    level: 'warn',
    text: '{exports}: exports of metrics that failed',
    cause: 'a note below the books: messages before it say why',
    remedy: 'see there',
  },
} as const satisfies Entries;
