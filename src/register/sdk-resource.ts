// SPDX-License-Identifier: Apache-2.0
/** The attributes of a resource; an SDK, or a substitute for it, may have put anything there. */
export type Attributes = { readonly [name: string]: unknown };

interface Resource {
  attributes: Attributes;
  asyncAttributesPending?: boolean;
  waitForAsyncAttributes?(): Promise<void>;
}
type Has<Name extends string> = { [name in Name]?: unknown };

/** Reports the SDK's resource: at once if a tracer provider shows it, otherwise with the first recorded span. */
export function watchResource(known: (attributes: Attributes) => void) {
  let last: Resource | undefined;

  const look = (holder: unknown) =>
    safely(() => {
      const resource = resourceOf(holder);
      if (resource === undefined || resource === last) return;
      last = resource;
      const settled = () =>
        safely(() => {
          if (resource === last) known(resource.attributes);
        });
      // A detector may still wait for the host's id. Reading the attributes before makes the SDK complain.
      if (resource.asyncAttributesPending) Promise.resolve(resource.waitForAsyncAttributes?.()).then(settled, settled);
      else settled();
    });

  return {
    ofProvider(registered: unknown): void {
      const proxy = registered as { getDelegate?: () => unknown; setDelegate?: (delegate: unknown) => void };
      // The API registers its proxy first, and then gives it the SDK's provider.
      const original = proxy.setDelegate;
      if (typeof original === 'function') {
        proxy.setDelegate = function (delegate) {
          original.call(this, delegate);
          look(delegate);
        };
      }
      look(typeof proxy.getDelegate === 'function' ? proxy.getDelegate() : registered);
    },
    ofSpan(span: unknown): void {
      if (last === undefined) look(span);
    },
  };
}

/** A recorded span has `resource` (ReadableSpan), as have providers of SDK 1.x; those of 2.x and 3.x have a private one. */
function resourceOf(holder: unknown): Resource | undefined {
  const { resource, _resource } = (holder ?? {}) as Has<'resource' | '_resource'>;
  const found = (resource ?? _resource) as Resource | undefined;
  // `attributes` is not read yet: they may be pending.
  return typeof found === 'object' && found !== null && 'attributes' in found ? found : undefined;
}

/** Runs within calls of the application. Tracer providers may be anything, so errors are ignored. */
function safely(work: () => void): void {
  try {
    work();
  } catch {
    // A resource that cannot be followed stays as it is.
  }
}
