// SPDX-License-Identifier: Apache-2.0
import { UserError } from '../errors.ts';
import { thisHost } from '../event/this-host.ts';
import { type Finding, ok, warn } from './check.ts';

/** Whether spans can carry the right name and id of this host. */
export async function host(env = process.env, namespace?: string): Promise<Finding> {
  try {
    const { readResourceAttributes } = await import('../sinks/otlp/resource-attributes.ts');
    readResourceAttributes(env);
    const { name, id, guessed } = thisHost(env, namespace);
    const who = `host.name is ${name}, ${id === undefined ? 'host.id is missing' : `host.id is ${id}`}`;
    if (guessed) {
      return warn(
        `${who}; this process is in its own UTS namespace, as in a container, so they may not be the host's.`,
        `Set OTEL_RESOURCE_ATTRIBUTES=${guessed.map((one) => `host.${one}=...`).join(',')} to the host's.`,
      );
    }
    if (id !== undefined) return ok(`${who}.`);
    return warn(
      `${who}: /etc/machine-id is missing or empty here.`,
      "Set OTEL_RESOURCE_ATTRIBUTES=host.id=... to the host's, or show its /etc/machine-id to this container.",
    );
  } catch (error) {
    if (error instanceof UserError) return ok('unknown: the check `collector` says why.');
    throw error;
  }
}
