// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event/event.ts';

/** As many as there are rows in the kernel's aggregates. */
const MAX_CGROUPS = 4096;

interface Names {
  container?: string;
  service?: string;
  /** Stalls of several services were seen, so none names the cgroup. */
  isShared: boolean;
}

/** The containers and services of cgroups, as the recorded direct compactions show them: the kernel knows only ids. */
export class CgroupNames {
  readonly #names = new Map<string, Names>();

  add(events: readonly CompactionEvent[]): void {
    for (const event of events) if (event.trigger === 'direct') this.#remember(event);
  }

  of(cgroupId: string): { container?: string; service?: string } {
    const { container, service } = this.#names.get(cgroupId) ?? {};
    return { ...(container !== undefined && { container }), ...(service !== undefined && { service }) };
  }

  #remember({ cgroupId, container, resource }: CompactionEvent): void {
    let names = this.#names.get(cgroupId);
    if (names === undefined) {
      if (this.#names.size === MAX_CGROUPS) return;
      names = { isShared: false };
      this.#names.set(cgroupId, names);
    }
    if (container) names.container = container;
    const service = String(resource?.['service.name'] ?? '');
    if (service === '' || service.startsWith('unknown_service') || names.isShared) return;
    if (names.service === undefined) {
      names.service = service;
    } else if (names.service !== service) {
      names.isShared = true;
      delete names.service;
    }
  }
}
