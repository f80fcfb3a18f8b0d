// SPDX-License-Identifier: Apache-2.0
import type { Resource } from '@opentelemetry/resources';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { CompactionEvent, ResourceAttributes } from '../../event.ts';

/** Whose resource a span has: the stalled process's service, or this host's, as the agent itself has it. */
export type ResourceOf = 'victim' | 'host';

/** Names that any process may make up must not cost a backend, or this process, without bounds. */
export const MOST_RESOURCES = 1000;
/** A service that did not stall for so long makes room for another. */
export const IDLE_S = 600;

/** What only the host knows: a container's own `host.name` is that of the container. */
const OF_HOST = /^(host|os)\./;
/** Where the host is, if the agent was told (OTEL_RESOURCE_ATTRIBUTES): a service may know it better. */
const OF_PLACE = /^(cloud|k8s\.(node|cluster))\./;

interface Interned {
  resource: Resource;
  /** When it stalled last, seconds since the epoch by its events: a recording is replayed faster than it was made. */
  usedS: number;
}

/** The resources of events, one object for each content: by it spans are grouped in a request. */
export class Resources {
  readonly #host: Resource;
  readonly #onTooMany: () => void;
  readonly #ofHost: ResourceAttributes;
  readonly #ofPlace: ResourceAttributes;
  /** Least recently used first, by content. */
  readonly #byContent = new Map<string, Interned>();
  /** The content of what the events of one process share. */
  readonly #contents = new WeakMap<ResourceAttributes, string>();

  constructor(host: Resource, onTooMany: () => void) {
    this.#host = host;
    this.#onTooMany = onTooMany;
    this.#ofHost = pick(host, OF_HOST);
    this.#ofPlace = pick(host, OF_PLACE);
  }

  /** Kernel threads, and whatever is not known, belong to the host. */
  of({ resource: attributes, startUnixNano }: CompactionEvent): Resource {
    if (attributes === undefined) return this.#host;
    const content = this.#contentOf(attributes);
    const usedS = Number(startUnixNano.slice(0, -9));
    const found = this.#byContent.get(content);
    if (found === undefined && !this.#makeRoom(usedS)) {
      this.#onTooMany();
      return this.#host;
    }
    const resource = found?.resource ?? resourceFromAttributes({ ...this.#ofPlace, ...attributes, ...this.#ofHost });
    this.#byContent.delete(content);
    this.#byContent.set(content, { resource, usedS });
    return resource;
  }

  #contentOf(attributes: ResourceAttributes): string {
    let content = this.#contents.get(attributes);
    if (content === undefined) {
      content = JSON.stringify(Object.entries(attributes).sort(byName));
      this.#contents.set(attributes, content);
    }
    return content;
  }

  #makeRoom(nowS: number): boolean {
    if (this.#byContent.size < MOST_RESOURCES) return true;
    for (const [content, { usedS }] of this.#byContent) {
      if (nowS - usedS < IDLE_S) return false;
      this.#byContent.delete(content);
      return true;
    }
    return false;
  }
}

function pick(host: Resource, names: RegExp): ResourceAttributes {
  return Object.fromEntries(Object.entries(host.attributes).filter(([name]) => names.test(name))) as ResourceAttributes;
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
