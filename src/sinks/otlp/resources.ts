// SPDX-License-Identifier: Apache-2.0
import type { Resource } from '@opentelemetry/resources';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { CompactionEvent } from '../../event/event.ts';
import type { ResourceAttributes } from '../../protobuf/attribute.ts';

/** Whose resource a span has: the stalled process's service, or this host's, as the agent itself has it. */
export type ResourceOf = 'service' | 'host';

/** Names that any process may make up must not cost a backend, or this process, without bounds. */
export const MAX_RESOURCES = 1000;
/** A service that did not stall for so long makes room for another. */
export const IDLE_S = 600;

const NANOS_DIGITS = 9;

/** What only the host knows: a container's own `host.name` is that of the container. */
const OF_HOST = /^(host|os)\./;
/** Where the host is, if the agent was told (OTEL_RESOURCE_ATTRIBUTES): a service may know it better. */
const OF_PLACE = /^(cloud|k8s\.(node|cluster))\./;

interface Interned {
  content: string;
  resource: Resource;
  /** When it stalled last, seconds since the epoch by its events: a recording is replayed faster than it was made. */
  usedS: string;
}

/** The resources of events, one object for each content: by it spans are grouped in a request. */
export class Resources {
  readonly #host: Resource;
  readonly #onTooMany: () => void;
  readonly #ofHost: ResourceAttributes;
  readonly #ofPlace: ResourceAttributes;
  /** Least recently used first. */
  readonly #byContent = new Map<string, Interned>();
  /** The events of one process share their attributes. */
  readonly #recent = new WeakMap<ResourceAttributes, Interned>();

  constructor(host: Resource, onTooMany: () => void) {
    this.#host = host;
    this.#onTooMany = onTooMany;
    this.#ofHost = pick(host, OF_HOST);
    this.#ofPlace = pick(host, OF_PLACE);
  }

  /** Kernel threads, and whatever is not known, belong to the host. */
  of({ resource: attributes, startUnixNano }: CompactionEvent): Resource {
    if (attributes === undefined) return this.#host;
    const usedS = startUnixNano.slice(0, -NANOS_DIGITS);
    const recent = this.#recent.get(attributes);
    // Within a second nothing is to be written down: one resource is asked for 10 000 times in it.
    if (recent?.usedS === usedS) return recent.resource;
    const found = this.#find(recent?.content ?? contentOf(attributes), attributes, usedS);
    if (found === undefined) return this.#host;
    this.#recent.set(attributes, found);
    return found.resource;
  }

  #find(content: string, attributes: ResourceAttributes, usedS: string): Interned | undefined {
    const known = this.#byContent.get(content);
    if (known === undefined && !this.#makeRoom(Number(usedS))) {
      this.#onTooMany();
      return undefined;
    }
    const found = known ?? { content, usedS, resource: this.#make(attributes) };
    found.usedS = usedS;
    this.#byContent.delete(content);
    this.#byContent.set(content, found);
    return found;
  }

  #make(attributes: ResourceAttributes): Resource {
    return resourceFromAttributes({ ...this.#ofPlace, ...attributes, ...this.#ofHost });
  }

  #makeRoom(nowS: number): boolean {
    if (this.#byContent.size < MAX_RESOURCES) return true;
    const oldest = this.#byContent.values().next().value!;
    return nowS - Number(oldest.usedS) >= IDLE_S && this.#byContent.delete(oldest.content);
  }
}

/** In whatever order the attributes came. */
const contentOf = (attributes: ResourceAttributes): string =>
  JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));

function pick(host: Resource, names: RegExp): ResourceAttributes {
  return Object.fromEntries(Object.entries(host.attributes).filter(([name]) => names.test(name))) as ResourceAttributes;
}
