// SPDX-License-Identifier: Apache-2.0
import { inspect } from 'node:util';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import type { Level } from '../../messages/entry.ts';
import { type Message, message } from '../../messages/message.ts';
import { excerpt } from '../../terminal.ts';
import type { Settings } from './settings.ts';

/** Routes OpenTelemetry's own messages to `warn`, at the level of OTEL_LOG_LEVEL. */
export function routeDiagnostics(level: Settings['logLevel'], warn: (message: Message) => void): void {
  const at =
    (level: Level) =>
    (...parts: unknown[]) =>
      warn({ ...fromLibrary(parts.map(briefly).join(' ')), level });
  const logger: DiagLogger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    verbose: at('debug'),
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel[level], suppressOverrideMessage: true });
}

export const fromLibrary = (words: string): Message => message('opentelemetry', { words });

/** Shortens a part of a message, which may be a whole request. */
export function briefly(part: unknown): string {
  if (typeof part === 'string') return excerpt(part);
  if (part instanceof Error) return excerpt(part.message);
  return excerpt(
    inspect(part, { depth: 1, maxArrayLength: 4, maxStringLength: 200, breakLength: Number.POSITIVE_INFINITY }),
  );
}
