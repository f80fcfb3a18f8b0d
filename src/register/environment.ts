// SPDX-License-Identifier: Apache-2.0

export type Attributes = { [name: string]: unknown };

/** The resource that the environment names: until an SDK says more, and where none does. */
export function environmentResource(environment: NodeJS.ProcessEnv): Attributes {
  const attributes: Attributes = {};
  for (const pair of (environment.OTEL_RESOURCE_ATTRIBUTES ?? '').split(',')) {
    const equals = pair.indexOf('=');
    const name = decoded(pair.slice(0, Math.max(equals, 0)));
    if (name) attributes[name] = decoded(pair.slice(equals + 1));
  }
  if (environment.OTEL_SERVICE_NAME) attributes['service.name'] = environment.OTEL_SERVICE_NAME;
  return attributes;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim();
  }
}
