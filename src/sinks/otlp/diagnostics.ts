// SPDX-License-Identifier: Apache-2.0
import { inspect } from 'node:util';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { excerpt } from '../../terminal.ts';
import type { Settings } from './settings.ts';

/** Routes OpenTelemetry's own messages to `warn`, at the level of OTEL_LOG_LEVEL. */
export function routeDiagnostics(level: Settings['logLevel'], warn: (sentence: string) => void): void {
  const log = (...parts: unknown[]) => warn(`OpenTelemetry: ${parts.map(briefly).join(' ')}`);
  const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
  diag.setLogger(logger, { logLevel: DiagLogLevel[level], suppressOverrideMessage: true });
}

/** Shortens a part of a message, which may be a whole request. */
export function briefly(part: unknown): string {
  if (typeof part === 'string') return excerpt(part);
  if (part instanceof Error) return excerpt(part.message);
  return excerpt(
    inspect(part, { depth: 1, maxArrayLength: 4, maxStringLength: 200, breakLength: Number.POSITIVE_INFINITY }),
  );
}
