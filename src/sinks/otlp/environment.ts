// SPDX-License-Identifier: Apache-2.0
import { SettingError } from '../../errors.ts';
import { type Signal, TRACES } from './signal.ts';

/**
 * Runs a synchronous function that sees `env` as `process.env`, the only environment that the libraries read.
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

export interface Variable {
  name: string;
  value: string;
}

/** The first of the variables that is set and not blank, with its name. */
export function firstSet(env: NodeJS.ProcessEnv, ...names: string[]): Variable | undefined {
  for (const name of names) {
    const value = env[name]?.trim();
    if (value) return { name, value };
  }
  return undefined;
}

/** The variable for this signal, or else the one for all signals. */
export const firstOtlp = (env: NodeJS.ProcessEnv, what: string, { infix }: Signal = TRACES): Variable | undefined =>
  firstSet(env, `OTEL_EXPORTER_OTLP_${infix}_${what}`, `OTEL_EXPORTER_OTLP_${what}`);

/** One of these words, or undefined when the variable is not set. Throws a usage error for any other. */
export function readChoice<T extends string>(
  variable: Variable | undefined,
  choices: readonly T[],
  normal: (text: string) => string = (text) => text,
): T | undefined {
  if (variable === undefined) return undefined;
  const choice = choices.find((choice) => choice === normal(variable.value));
  if (choice === undefined) throw badSetting(variable.name, `allowed are ${choices.join(', ')}`);
  return choice;
}

/** The longest time of a timer, in milliseconds; also enough for every number of things. */
const MAX_INTEGER = 2_147_483_647;

export function readInteger(
  variable: Variable | undefined,
  least: number,
  most: number = MAX_INTEGER,
): number | undefined {
  if (variable === undefined) return undefined;
  const value = Number(variable.value);
  if (/^\d+$/.test(variable.value) && value >= least && value <= most) return value;
  throw badSetting(variable.name, `must be a whole number from ${least} to ${most}`);
}

/** A setting that cannot be used. The sentence names the variable and what is allowed, and never its value: it may be a secret. */
export const badSetting = (variable: string, why: string): Error => new SettingError(variable, why);
