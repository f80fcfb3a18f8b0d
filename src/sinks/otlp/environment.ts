// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../../errors.ts';

/**
 * Runs a synchronous function that sees `env` as `process.env`, the only environment from which OpenTelemetry's own code
 * reads OTEL_* variables.
 */
export function withEnvironment<T>(env: NodeJS.ProcessEnv, read: () => T): T {
  const own = process.env;
  if (env === own) return read();
  process.env = env;
  try {
    return read();
  } finally {
    process.env = own;
  }
}

/** The first of the variables that is set and not blank, with its name. */
export function firstSet(env: NodeJS.ProcessEnv, ...names: string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = env[name]?.trim();
    if (value) return { name, value };
  }
  return undefined;
}

/** A setting that cannot be used: the variable, its value and what is allowed, as one sentence. */
export function badSetting(variable: string, value: string, allowed: string): Error {
  return usageError(`${variable}=${value}: ${allowed}`);
}
