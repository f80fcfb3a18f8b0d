// SPDX-License-Identifier: Apache-2.0
// All copies of @opentelemetry/api 1.x, ESM and CommonJS, keep what an SDK registers in one object behind one global symbol.
// So this needs no copy of its own, and does not care which one the application has, or when it is loaded.
const API = Symbol.for('opentelemetry.js.api.1');

export interface Watchers {
  /** A context manager was registered. */
  context(manager: unknown): void;
  /** A tracer provider was registered: the API's proxy of it. */
  trace(provider: unknown): void;
}

type Api = { [name: string]: unknown };

/** Calls a watcher for what is registered already, and for what will be. */
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
      // From here on an ordinary property again.
      Object.defineProperty(globalThis, API, { configurable: true, enumerable: true, writable: true, value: api });
      watch(api, watchers);
    },
  });
}

/** Setters in the object's prototype: the API deletes its own properties when something is unregistered. */
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
