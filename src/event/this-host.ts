// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { environmentResource } from '../otel-environment/resource.ts';
import type { EventHost } from './event.ts';

/** The inode of the first UTS namespace, PROC_UTS_INIT_INO. */
const FIRST_NAMESPACE = 'uts:[4026531838]';
/** As OpenTelemetry's detector reads them. */
const MACHINE_IDS = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/**
 * This host, as resources of spans name it: by OTEL_RESOURCE_ATTRIBUTES, otherwise by its name and machine id. In another UTS namespace
 * than the first, as in a container, the name is that of the container, and /etc/machine-id is usually the container's, too: these
 * are only guessed. What the user sets is certain.
 * @param namespace of this process
 */
export function thisHost(env: NodeJS.ProcessEnv, namespace = '/proc/self/ns/uts'): EventHost {
  const set = new Map(environmentResource((name) => env[name]));
  const name = set.get('host.name') || hostname();
  const id = set.get('host.id') || machineId();
  const guessed = isFirst(namespace) ? [] : (['name', 'id'] as const).filter((one) => !set.get(`host.${one}`));
  return {
    ...(name !== '' && { name }),
    ...(id !== '' && { id }),
    ...(guessed.length > 0 && { guessed }),
  };
}

function machineId(): string {
  for (const path of MACHINE_IDS) {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      // The next one.
    }
  }
  return '';
}

function isFirst(namespace: string): boolean {
  try {
    return readlinkSync(namespace) === FIRST_NAMESPACE;
  } catch {
    return true; // A kernel without UTS namespaces.
  }
}
