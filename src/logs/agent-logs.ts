// SPDX-License-Identifier: Apache-2.0
import { type Attributes, type Logger, SeverityNumber } from '@opentelemetry/api';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import type { Level } from '../messages/entry.ts';
import type { Message } from '../messages/message.ts';
import { hostResource } from '../sinks/otlp/host-resource.ts';
import { openCollector } from '../sinks/otlp/sink.ts';
import { VERSION } from '../version.ts';
import { LogExporter } from './exporter.ts';
import { readLogSettings } from './settings.ts';

const SEVERITY: Readonly<Record<Level, SeverityNumber>> = {
  error: SeverityNumber.ERROR,
  warn: SeverityNumber.WARN,
  info: SeverityNumber.INFO,
  debug: SeverityNumber.DEBUG,
};
/** The last tries have this much time, and the last request a little more. */
const LAST_MS = 2000;
const GRACE_MS = 1000;

/** The agent's messages as log records of the standard. */
export class AgentLogs {
  readonly #provider: LoggerProvider;
  readonly #exporter: LogExporter;
  readonly #logger: Logger;

  private constructor(provider: LoggerProvider, exporter: LogExporter) {
    this.#provider = provider;
    this.#exporter = exporter;
    this.#logger = provider.getLogger('compactstall', VERSION);
  }

  /**
   * Throws a usage error for a variable that cannot be used. Connects at the first record, not before.
   *
   * @param warn takes messages about records that could not be sent
   * @returns undefined where no record is to be sent
   */
  static async open(env: NodeJS.ProcessEnv, warn: (message: Message) => void): Promise<AgentLogs | undefined> {
    const settings = readLogSettings(env);
    const { connection, timeoutMs, attributeCountLimit, attributeValueLengthLimit } = settings;
    if (connection === undefined) return undefined;
    for (const warning of connection.warnings) warn(warning);
    const collector = await openCollector(connection, timeoutMs);
    const exporter = new LogExporter({ collector, endpoint: connection.destination, timeoutMs, warn });
    const processor = new BatchLogRecordProcessor({
      exporter,
      maxQueueSize: settings.maxQueue,
      maxExportBatchSize: settings.maxBatch,
      scheduledDelayMillis: settings.delayMs,
      // The exporter gives up by itself; the processor would forget a request that is under way.
      exportTimeoutMillis: 2 * timeoutMs,
    });
    const provider = new LoggerProvider({
      resource: await hostResource(env, settings.detectors),
      logRecordLimits: { attributeCountLimit, attributeValueLengthLimit },
      processors: [processor],
    });
    return new AgentLogs(provider, exporter);
  }

  emit({ code, level, text, fields }: Message): void {
    this.#logger.emit({
      eventName: `compactstall.${code}`,
      severityNumber: SEVERITY[level],
      severityText: level.toUpperCase(),
      body: text,
      attributes: fields as Attributes,
    });
  }

  /** Sends what is left, for a short time. */
  async close(): Promise<void> {
    this.#exporter.end(LAST_MS);
    let late: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      late = setTimeout(resolve, LAST_MS + GRACE_MS);
    });
    await Promise.race([this.#provider.shutdown(), deadline]);
    clearTimeout(late);
  }
}
