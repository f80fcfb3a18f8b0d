// SPDX-License-Identifier: Apache-2.0

type Attribute = [name: string, value: string];

/**
 * The resource that the environment of an application names: OTEL_RESOURCE_ATTRIBUTES, and OTEL_SERVICE_NAME, which comes last
 * because it beats `service.name` there. Blank variables are not set.
 * @param variable the value of an environment variable
 * @param most attributes, of those in OTEL_RESOURCE_ATTRIBUTES
 */
export function environmentResource(
  variable: (name: string) => string | undefined,
  most = Number.POSITIVE_INFINITY,
): Attribute[] {
  const attributes = parseResourceAttributes(variable('OTEL_RESOURCE_ATTRIBUTES') ?? '', most);
  const name = variable('OTEL_SERVICE_NAME')?.trim();
  return name ? [...attributes, ['service.name', name]] : attributes;
}

/**
 * `key=value,...`, percent-encoded. The SDKs of the languages disagree about what is malformed: some drop the whole, as the
 * specification says, others one pair. This takes what any of them would: the first `=` splits, what cannot be decoded stays
 * as it is, and a pair without a name or without `=` is left out alone.
 */
export function parseResourceAttributes(text: string, most = Number.POSITIVE_INFINITY): Attribute[] {
  const found: Attribute[] = [];
  for (let at = 0; at < text.length && found.length < most; ) {
    const comma = text.indexOf(',', at);
    const end = comma < 0 ? text.length : comma;
    const pair = text.slice(at, end);
    const equals = pair.indexOf('=');
    const name = decoded(pair.slice(0, Math.max(equals, 0)));
    if (name !== '') found.push([name, decoded(pair.slice(equals + 1))]);
    at = end + 1;
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim();
  }
}
