// SPDX-License-Identifier: Apache-2.0
import type { Variables } from './translate.ts';

export const isSet = (env: NodeJS.ProcessEnv, name: string): boolean => Boolean(env[name]?.trim());

/**
 * The variables of the process that say the same as this one, the strongest first. One for all signals beats what the file says for
 * one signal: the file's settings never come from a variable for all.
 */
export function sameSetting(name: string): string[] {
  const general = name
    .replace(/^OTEL_EXPORTER_OTLP_(?:TRACES|METRICS|LOGS)_/, 'OTEL_EXPORTER_OTLP_')
    .replace(/^OTEL_(?:SPAN|LOGRECORD)_ATTRIBUTE_(COUNT|VALUE_LENGTH)_LIMIT$/, 'OTEL_ATTRIBUTE_$1_LIMIT');
  return general === name ? [name] : [name, general];
}

/** The variable of the process that has this setting, if there is one. */
export function givenBy(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return sameSetting(name).find((other) => isSet(env, other));
}

/** The variable of the process that counts before the file's, if there is one. */
export function beatenBy(env: NodeJS.ProcessEnv, name: string): string | undefined {
  // The file's argument belongs to the file's sampler.
  const sampler = name === 'OTEL_TRACES_SAMPLER_ARG' ? givenBy(env, 'OTEL_TRACES_SAMPLER') : undefined;
  return givenBy(env, name) ?? sampler;
}

/** The process's attributes and the file's are both in force. */
export const MERGED = 'OTEL_RESOURCE_ATTRIBUTES';

/** The process's environment with what the file says where the environment says nothing. */
export function inForce(env: NodeJS.ProcessEnv, file: Variables): NodeJS.ProcessEnv {
  const added: Record<string, string> = {};
  for (const [name, { value }] of file) {
    if (name === MERGED && isSet(env, name)) added[name] = `${value},${env[name]}`;
    else if (beatenBy(env, name) === undefined) added[name] = value;
  }
  return { ...env, ...added };
}
