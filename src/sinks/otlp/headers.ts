// SPDX-License-Identifier: Apache-2.0
import { badSetting } from './environment.ts';
import type { Protocol } from './settings.ts';
import { type Signal, TRACES } from './signal.ts';

/** A header as the transport takes it: bytes for gRPC's binary headers. */
export type Header = [name: string, value: string | Buffer];

/** What a name may consist of: RFC 9110's token; and gRPC's rule, after the change to lower case. */
const NAME: Record<Protocol, RegExp> = {
  'http/protobuf': /^[!#$%&'*+\-.^_`|~0-9a-z]+$/,
  grpc: /^[0-9a-z_.-]+$/,
};
/** Names that say where a request ends, how the connection is used, or how an answer is packed. They would break the request. */
const TRANSPORT =
  /^(accept-encoding|connection|content-(encoding|length)|expect|http2-settings|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|grpc-.*)$/;
/** Names that the agent sets itself, whatever the variable says, as the stock exporters do. */
const OWN = /^(content-type|user-agent)$/;
/** Text that gRPC carries; HTTP also has the tab, and bytes above ASCII. */
const PRINTABLE = /^[\x20-\x7e]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

/**
 * The headers of OTEL_EXPORTER_OTLP_HEADERS and of the signal's own variable, which comes last: `name=value,...`, percent-encoded.
 * Throws a usage error for a pair that the transport could not send, or that the stock exporters would leave out or cut.
 */
export function readHeaders(env: NodeJS.ProcessEnv, protocol: Protocol, { infix }: Signal = TRACES): Header[] {
  const headers = new Map<string, Header>();
  for (const variable of ['OTEL_EXPORTER_OTLP_HEADERS', `OTEL_EXPORTER_OTLP_${infix}_HEADERS`]) {
    for (const [i, pair] of (env[variable] ?? '').split(',').entries()) {
      const header =
        pair.trim() === '' ? undefined : readPair(pair, protocol, (why) => badSetting(variable, why(i + 1)));
      if (header !== undefined) headers.set(header[0], header);
    }
  }
  return [...headers.values()];
}

/** @returns undefined for a header that is not sent: without a value, or one of the agent's own */
function readPair(pair: string, protocol: Protocol, bad: (why: (pair: number) => string) => Error): Header | undefined {
  const equals = pair.indexOf('=');
  // What has no name may be a secret as a whole, so only its place is named.
  if (equals < 0) throw bad((n) => `pair ${n} has no '='; write name=value`);
  const name = decoded(pair.slice(0, equals))?.toLowerCase();
  if (name === undefined || !NAME[protocol].test(name)) {
    throw bad((n) => `pair ${n} has no name that ${protocol} can carry; use letters, digits, '-', '_' and '.'`);
  }
  if (pair.includes(';')) throw bad(() => `the value of ${name} has a ';', which ends it; write %3B`);
  if (TRANSPORT.test(name)) throw bad(() => `${name} belongs to the transport; leave it out`);
  const value = decoded(pair.slice(equals + 1));
  if (value === undefined) throw bad(() => `the value of ${name} is not percent-encoded UTF-8; write % as %25`);
  if (value === '' || OWN.test(name)) return undefined;
  const bytes = Buffer.from(value);
  if (protocol === 'grpc') {
    if (name.endsWith('-bin')) return [name, bytes];
    if (PRINTABLE.test(value)) return [name, value];
    throw bad(
      () =>
        `the value of ${name} has a character that gRPC cannot carry; use printable ASCII, or a name that ends in -bin`,
    );
  }
  if (CONTROL.test(value)) throw bad(() => `the value of ${name} has a control character, which HTTP cannot carry`);
  // Node.js takes a character for each byte.
  return [name, bytes.toString('latin1')];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return undefined;
  }
}
