// SPDX-License-Identifier: Apache-2.0
import type { Resource } from '@opentelemetry/resources';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { CompactionEvent } from '../../event/event.ts';
import { Lru } from '../../lru.ts';
import type { ResourceAttributes } from '../../protobuf/attribute.ts';

/** Whose resource a span has: the stalled process's service, or the host, which is the agent's own resource. */
export type ResourceOf = 'service' | 'host';

/** The most resources at a time: any process may make up names, and these must not cost without bounds. */
export const MAX_RESOURCES = 1000;
/** A longer one is not kept: no agent records it (service-resource.ts), but a file may have any number. In characters of JSON. */
export const MAX_CONTENT = 2 ** 16;
/** A service that has not stalled for this long makes room for another. */
export const IDLE_S = 600;

const NANOS_DIGITS = 9;

/** Attributes that only the host knows: a container's `host.name` is the container's. */
export const isOfHost = (name: string): boolean => /^(host|os)\./.test(name);
/** The host's place, from OTEL_RESOURCE_ATTRIBUTES of the agent; a service may know it better. */
export const isOfPlace = (name: string): boolean => /^(cloud|k8s\.(node|cluster))\./.test(name);

interface Interned {
  content: string;
  resource: Resource;
  /** The last stall in seconds since the epoch, by the events: a recording is replayed faster than it was made. */
  usedS: string;
}

/** The resources of events. Equal resources are one object, by which requests group their spans. */
export class Resources {
  readonly #host: Resource;
  readonly #onTooMany: () => void;
  readonly #ofHost: ResourceAttributes;
  readonly #guessed: ResourceAttributes;
  readonly #ofPlace: ResourceAttributes;
  readonly #byContent = new Lru<string, Interned>(MAX_RESOURCES);
  /** The events of one process share their attributes. */
  readonly #recent = new WeakMap<ResourceAttributes, Interned>();

  /** @param guessed attributes of the host that a service knows better, see this-host.ts */
  constructor(host: Resource, onTooMany: () => void, guessed: readonly string[] = []) {
    this.#host = host;
    this.#onTooMany = onTooMany;
    this.#ofHost = pick(host, (name) => isOfHost(name) && !guessed.includes(name));
    this.#guessed = pick(host, (name) => guessed.includes(name));
    this.#ofPlace = pick(host, isOfPlace);
  }

  /** The resource of an event. Kernel threads and unknown processes have the host's. */
  of({ resource: attributes, startUnixNano }: CompactionEvent): Resource {
    if (attributes === undefined) return this.#host;
    const usedS = startUnixNano.slice(0, -NANOS_DIGITS);
    const recent = this.#recent.get(attributes);
    // Updated at most once a second: a resource may be asked for 10 000 times a second.
    if (recent?.usedS === usedS) return recent.resource;
    const found = this.#find(recent?.content ?? contentOf(attributes), attributes, usedS);
    if (found === undefined) return this.#host;
    this.#recent.set(attributes, found);
    return found.resource;
  }

  #find(content: string, attributes: ResourceAttributes, usedS: string): Interned | undefined {
    if (content.length > MAX_CONTENT) return { content, usedS, resource: this.#make(attributes) };
    const known = this.#byContent.peek(content);
    if (known === undefined && !this.#hasRoom(Number(usedS))) {
      this.#onTooMany();
      return undefined;
    }
    const found = known ?? { content, usedS, resource: this.#make(attributes) };
    found.usedS = usedS;
    this.#byContent.set(content, found);
    return found;
  }

  #make(attributes: ResourceAttributes): Resource {
    return resourceFromAttributes({
      ...this.#ofPlace,
      ...this.#guessed,
      ...withoutEmpty(attributes),
      ...this.#ofHost,
    });
  }

  #hasRoom(nowS: number): boolean {
    if (this.#byContent.size < MAX_RESOURCES) return true;
    const [, oldest] = this.#byContent.oldest()!;
    return nowS - Number(oldest.usedS) >= IDLE_S;
  }
}

/** A key for the attributes, in any order. */
const contentOf = (attributes: ResourceAttributes): string =>
  JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));

/** An empty text tells nothing, but would hide what others know. */
export const withoutEmpty = <T>(attributes: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));

function pick(host: Resource, isWanted: (name: string) => boolean): ResourceAttributes {
  return Object.fromEntries(Object.entries(host.attributes).filter(([name]) => isWanted(name))) as ResourceAttributes;
}
