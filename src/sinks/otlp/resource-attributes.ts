// SPDX-License-Identifier: Apache-2.0
import { badSetting, firstSet } from './environment.ts';

const VARIABLE = 'OTEL_RESOURCE_ATTRIBUTES';

/**
 * The agent's own OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, which comes last. The specification drops all for one bad pair;
 * here the bad pair is a usage error. An attribute without a value is left out.
 */
export function readResourceAttributes(env: NodeJS.ProcessEnv): Record<string, string> {
  const attributes = new Map<string, string>();
  for (const [i, pair] of (env[VARIABLE] ?? '').split(',').entries()) {
    if (pair.trim() === '') continue;
    const parts = pair.split('=');
    if (parts.length !== 2) {
      throw badSetting(VARIABLE, `pair ${i + 1} is not name=value; write '=' in a value as %3D, and ',' as %2C`);
    }
    const [name, value] = parts.map((part) => decode(part.trim(), i + 1)) as [string, string];
    if (name === '') throw badSetting(VARIABLE, `pair ${i + 1} has no name`);
    if (value !== '') attributes.set(name, value);
  }
  const service = firstSet(env, 'OTEL_SERVICE_NAME');
  if (service !== undefined) attributes.set('service.name', service.value);
  return Object.fromEntries(attributes);
}

function decode(text: string, pair: number): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badSetting(VARIABLE, `pair ${pair} is not percent-encoded UTF-8; write % as %25`);
  }
}
