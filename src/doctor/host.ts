// SPDX-License-Identifier: Apache-2.0
import { UserError } from '../errors.ts';
import { type Finding, ok, warn } from './check.ts';

/** Whether spans can carry the right name and id of this host. */
export async function host(env = process.env, namespace?: string): Promise<Finding> {
  try {
    const { guessedOfHost } = await import('../sinks/otlp/host-names.ts');
    const { readResourceAttributes } = await import('../sinks/otlp/resource-attributes.ts');
    const { hostResource } = await import('../sinks/otlp/host-resource.ts');
    const detected = (await hostResource({}, ['host'])).attributes;
    const attributes = { ...detected, ...readResourceAttributes(env) };
    const guessed = guessedOfHost(env, namespace);
    const id = attributes['host.id'] === undefined ? 'there is no host.id' : `host.id is ${attributes['host.id']}`;
    const who = `host.name is ${attributes['host.name']}, ${id}`;
    if (guessed.length > 0) {
      return warn(
        `${who}; this process is in its own UTS namespace, as in a container, so they may not be the host's.`,
        `Set OTEL_RESOURCE_ATTRIBUTES=${guessed.map((name) => `${name}=...`).join(',')} to the host's.`,
      );
    }
    if (attributes['host.id'] !== undefined) return ok(`${who}.`);
    return warn(
      `${who}: /etc/machine-id is missing or empty here.`,
      "Set OTEL_RESOURCE_ATTRIBUTES=host.id=... to the host's, or show its /etc/machine-id to this container.",
    );
  } catch (error) {
    if (error instanceof UserError) return ok('unknown: the check `collector` says why.');
    throw error;
  }
}
