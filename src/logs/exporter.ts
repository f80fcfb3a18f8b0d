// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { LogRecordExporter, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { type Message, message } from '../messages/message.ts';
import type { Collector, Outcome } from '../sinks/otlp/collector.ts';
import { doubtful, nextLogsStep } from '../sinks/otlp/delivery-messages.ts';

/** ExportResultCode of @opentelemetry/core. */
const SUCCESS = 0;
const FAILED = 1;

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 5000;

interface Options {
  collector: Collector;
  /** For messages. */
  endpoint: string;
  /** For all tries of one request. */
  timeoutMs: number;
  warn: (message: Message) => void;
}

/**
 * Sends log records over the agent's own connection, so that variables, certificates and proxies mean what they mean for spans. What a
 * collector does not take is reported once, until it takes some again.
 */
export class LogExporter implements LogRecordExporter {
  readonly #options: Options;
  readonly #ending = new AbortController();
  #deadline = Number.POSITIVE_INFINITY;
  #hasFailed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  export(records: ReadableLogRecord[], done: Parameters<LogRecordExporter['export']>[1]): void {
    void this.#deliver(records).then((arrived) => done({ code: arrived ? SUCCESS : FAILED }));
  }

  /** From now on all tries have this long together, and one begins at once. */
  end(milliseconds: number): void {
    this.#deadline = performance.now() + milliseconds;
    this.#ending.abort();
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.#options.collector.close();
  }

  async #deliver(records: ReadableLogRecord[]): Promise<boolean> {
    const bytes = ProtobufLogsSerializer.serializeRequest(records);
    if (bytes === undefined) return false;
    const outcome = await this.#send(bytes, records.length);
    const complaint = this.#complaint(outcome, records.length);
    if (complaint && !this.#hasFailed) this.#options.warn(complaint);
    this.#hasFailed = complaint !== undefined;
    return outcome.kind === 'delivered';
  }

  /** Tries again as long as the collector may take it. */
  async #send(bytes: Uint8Array, records: number): Promise<Outcome> {
    const { collector, timeoutMs } = this.#options;
    const { signal } = this.#ending;
    const end = performance.now() + timeoutMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const outcome = await collector.send({ bytes, spans: records });
      const isLast = performance.now() + pauseMs > Math.min(end, this.#deadline);
      if (outcome.kind !== 'retry' || isLast) return outcome;
      // The end interrupts a pause.
      await sleep(pauseMs, undefined, { ref: false, ...(!signal.aborted && { signal }) }).catch(() => {});
    }
  }

  #complaint(outcome: Outcome, sent: number): Message | undefined {
    const { endpoint } = this.#options;
    if (outcome.kind === 'delivered') {
      if (outcome.doubt) return doubtful(endpoint, outcome.doubt, 'logs');
      const { rejected: records, message: words } = outcome;
      const answer = words || 'it gave no reason';
      return records > 0 ? message('logs_undelivered', { endpoint, records, reason: 'rejected', answer }) : undefined;
    }
    const { reason, message: answer } = outcome;
    return message('logs_undelivered', { endpoint, records: sent, reason, answer }, nextLogsStep(outcome));
  }
}
