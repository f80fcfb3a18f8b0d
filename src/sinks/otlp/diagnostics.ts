// SPDX-License-Identifier: Apache-2.0
import { inspect } from 'node:util';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { badSetting, firstSet } from './environment.ts';

const LEVELS = ['NONE', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'VERBOSE', 'ALL'] as const;

/** Routes OpenTelemetry's own messages to `warn` at the level of OTEL_LOG_LEVEL. Without it there are none. */
export function routeDiagnostics(env: NodeJS.ProcessEnv, warn: (sentence: string) => void): void {
  const set = firstSet(env, 'OTEL_LOG_LEVEL');
  const level = LEVELS.find((name) => name === set?.value.toUpperCase());
  if (set !== undefined && level === undefined) {
    throw badSetting(set.name, set.value, `allowed are ${LEVELS.join(', ').toLowerCase()}`);
  }
  setLevel(level === undefined ? DiagLogLevel.NONE : DiagLogLevel[level], warn);
}

/** Routes complaints to the user whatever the level, while the exporters read the environment. */
export function routeSettingsComplaints(warn: (sentence: string) => void): void {
  setLevel(DiagLogLevel.WARN, warn);
}

function setLevel(logLevel: DiagLogLevel, warn: (sentence: string) => void): void {
  const log = (...parts: unknown[]) => warn(`OpenTelemetry: ${parts.map(brief).join(' ')}`);
  const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
  diag.setLogger(logger, { logLevel, suppressOverrideMessage: true });
}

/** Shortens a part of a message, which may be a whole request. */
function brief(part: unknown): string {
  if (typeof part === 'string') return part;
  if (part instanceof Error) return part.message;
  return inspect(part, { depth: 1, maxArrayLength: 4, maxStringLength: 200, breakLength: Number.POSITIVE_INFINITY });
}
