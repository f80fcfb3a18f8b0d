// SPDX-License-Identifier: Apache-2.0
import type { Resource } from '@opentelemetry/resources';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { type AgentEvent, type EventHost, isCompaction } from '../../event/event.ts';
import { thisHost } from '../../event/this-host.ts';
import { Lru } from '../../lru.ts';
import { readResourceAttributes } from './resource-attributes.ts';
import { isOfHost, isOfPlace, type ResourceOf, Resources } from './resources.ts';

/** The hosts whose resources are kept at a time: a recording may have any number. */
const MAX_HOSTS = 1000;

/** One with a longer name is not kept. In characters of JSON. */
const MAX_KEY = 2 ** 10;

interface OfHost {
  host: Resource;
  resources: Resources;
}

/** The resources of events, also of a recording of other hosts. Equal resources are one object, by which requests group their spans. */
export class ResourcesByHost {
  readonly #wanted: ResourceOf;
  readonly #own: Resource;
  readonly #set: Record<string, string>;
  readonly #onTooMany: () => void;
  readonly #ownKey: string;
  readonly #ofThis: OfHost;
  readonly #ofOthers = new Lru<string, OfHost>(MAX_HOSTS);
  /** The events of one source share their host. */
  readonly #recent = new WeakMap<EventHost, OfHost>();

  /**
   * @param own the agent's resource, on this host
   * @param env its variables: what the user sets there holds for every host
   */
  constructor(wanted: ResourceOf, own: Resource, env: NodeJS.ProcessEnv, onTooMany: () => void) {
    const host = thisHost(env);
    this.#wanted = wanted;
    this.#own = own;
    this.#set = readResourceAttributes(env);
    this.#onTooMany = onTooMany;
    this.#ownKey = keyOf(host);
    this.#ofThis = this.#make(own, host);
  }

  of(event: AgentEvent): Resource {
    const { host, resources } = this.#ofHost(event.host);
    return this.#wanted === 'service' && isCompaction(event) ? resources.of(event) : host;
  }

  #ofHost(host: EventHost | undefined): OfHost {
    if (host === undefined) return this.#ofThis;
    const recent = this.#recent.get(host);
    if (recent) return recent;
    const key = keyOf(host);
    const found = key === this.#ownKey ? this.#ofThis : this.#otherKept(host, key);
    this.#recent.set(host, found);
    return found;
  }

  #otherKept(host: EventHost, key: string): OfHost {
    return key.length > MAX_KEY ? this.#other(host) : this.#ofOthers.getOrMake(key, () => this.#other(host));
  }

  /** The resource of another host: the agent's, without what describes its own host, except for what the user has set. */
  #other(host: EventHost): OfHost {
    const kept = Object.entries(this.#own.attributes).filter(
      ([name]) => Object.hasOwn(this.#set, name) || !(isOfHost(name) || isOfPlace(name)),
    );
    const { schemaUrl } = this.#own;
    const resource = resourceFromAttributes(
      {
        ...(host.name && { 'host.name': host.name }),
        ...(host.id && { 'host.id': host.id }),
        ...Object.fromEntries(kept),
      },
      schemaUrl === undefined ? {} : { schemaUrl },
    );
    return this.#make(resource, host);
  }

  #make(host: Resource, { guessed = [] }: EventHost): OfHost {
    const names = guessed.map((name) => `host.${name}`).filter((name) => !Object.hasOwn(this.#set, name));
    return { host, resources: new Resources(host, this.#onTooMany, names) };
  }
}

const keyOf = ({ name, id, guessed }: EventHost): string => JSON.stringify([name, id, guessed]);
