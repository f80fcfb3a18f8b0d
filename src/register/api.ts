// SPDX-License-Identifier: Apache-2.0
// All copies of @opentelemetry/api 1.x, ESM and CommonJS, keep what an SDK registers in one object behind one global symbol.
// So this file needs no copy. It works with any copy that the application has, whenever that is loaded.
const API = Symbol.for('opentelemetry.js.api.1');

export interface Watchers {
  /** A context manager was registered. */
  context(manager: unknown): void;
  /** A tracer provider was registered; `provider` is the API's proxy of it. */
  trace(provider: unknown): void;
}

type Api = { [name: string]: unknown };

/** Calls the watchers for everything that is already registered, and for everything registered later. */
export function watchApi(watchers: Watchers): void {
  const present = (globalThis as { [API]?: Api })[API];
  if (present !== undefined) {
    watch(present, watchers);
    return;
  }
  Object.defineProperty(globalThis, API, {
    configurable: true,
    enumerable: true,
    get: () => undefined,
    set(api: Api) {
      // An ordinary property again from here on.
      Object.defineProperty(globalThis, API, { configurable: true, enumerable: true, writable: true, value: api });
      watch(api, watchers);
    },
  });
}

/** Adds setters to the object's prototype. On the object itself the API deletes them when something is unregistered. */
function watch(api: Api, watchers: Watchers): void {
  const prototype = Object.create(Object.getPrototypeOf(api));
  for (const name of ['context', 'trace'] as const) {
    const seen = (value: unknown) => {
      try {
        watchers[name](value);
      } catch {
        // A resource that cannot be followed stays as it is.
      }
    };
    if (api[name] !== undefined) seen(api[name]);
    Object.defineProperty(prototype, name, {
      configurable: true,
      get: () => undefined,
      set(value: unknown) {
        Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value });
        seen(value);
      },
    });
  }
  Object.setPrototypeOf(api, prototype);
}
