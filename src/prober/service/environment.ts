// SPDX-License-Identifier: Apache-2.0
import { attempt, readProcFile } from '../../procfs/proc-file.ts';

const MAX_BYTES = 256 * 1024;
/** OpenTelemetry's own detector for JavaScript takes no longer ones. */
const MAX_LENGTH = 255;
const MAX_ATTRIBUTES = 128;

/**
 * What the environment of a process says of its resource: OTEL_RESOURCE_ATTRIBUTES, and OTEL_SERVICE_NAME, which beats
 * it. It is the environment that the program was started with. @param folder /proc/PID
 */
export function environmentResource(folder: string): [name: string, value: string][] {
  const environment = attempt(() => readProcFile(`${folder}/environ`, MAX_BYTES));
  if (environment === undefined) return [];
  const name = variable(environment, 'OTEL_SERVICE_NAME')?.trim();
  const attributes = parseAttributes(variable(environment, 'OTEL_RESOURCE_ATTRIBUTES') ?? '');
  return name ? [...attributes, ['service.name', name]] : attributes;
}

/** The first of that name, as getenv(3) gives it. */
function variable(environment: Buffer, name: string): string | undefined {
  const wanted = Buffer.from(`${name}=`);
  for (let at = environment.indexOf(wanted); at >= 0; at = environment.indexOf(wanted, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    return environment.toString('utf8', at + wanted.length, end < 0 ? environment.length : end);
  }
  return undefined;
}

/** `key=value,...`, percent-encoded. As the specification says, one that cannot be read makes the whole void. */
export function parseAttributes(text: string): [name: string, value: string][] {
  const found: [string, string][] = [];
  for (const pair of text.split(',', MAX_ATTRIBUTES).filter((part) => part.trim() !== '')) {
    const [key, value, ...more] = pair.split('=', 3).map((part) => decoded(part.trim()));
    const isFine = key && value !== undefined && more.length === 0;
    if (!isFine || key.length > MAX_LENGTH || value.length > MAX_LENGTH) return [];
    found.push([key, value]);
  }
  return found;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
