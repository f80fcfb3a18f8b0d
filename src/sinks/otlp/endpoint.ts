// SPDX-License-Identifier: Apache-2.0
import { printable } from '../../terminal.ts';
import { badSetting, firstOtlp, readChoice, type Variable } from './environment.ts';
import type { Protocol } from './settings.ts';
import { type Signal, TRACES } from './signal.ts';

export interface Endpoint {
  /** What the transport connects to: a URL for HTTP, a target for gRPC. */
  address: string;
  secure: boolean;
  /** The host, without brackets, and the port; not for a unix socket. */
  host?: string;
  port?: number;
  /** Scheme, host and port, for messages. A path, a query, a user name and a password may hold secrets. */
  shown: string;
}

const GENERAL = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const GRPC_FORMS = 'must be http://HOST:PORT, https://HOST:PORT, HOST:PORT or unix:///PATH';
const HTTP_FORMS = 'must be http://HOST:PORT or https://HOST:PORT for http/protobuf';
/** gRPC's two forms of an absolute path: unix:///PATH and unix:/PATH. */
const SOCKET = /^unix:(?:\/\/(?=\/)|(?!\/\/))(\/.*)$/is;
const EMPTY_PORT = /^[^/]*:(?:\/|$)/;
/** sun_path of struct sockaddr_un has 108 bytes, one of which ends the path. */
const MAX_SOCKET_PATH = 107;

/** The endpoint of the environment. Throws a usage error for one that could never be reached. */
export function readEndpoint(env: NodeJS.ProcessEnv, protocol: Protocol, signal: Signal = TRACES): Endpoint {
  const set = firstOtlp(env, 'ENDPOINT', signal);
  if (protocol === 'grpc') return grpcEndpoint(env, set ?? { name: GENERAL, value: 'http://localhost:4317' }, signal);
  return httpEndpoint(set ?? { name: GENERAL, value: 'http://localhost:4318' }, signal);
}

function grpcEndpoint(env: NodeJS.ProcessEnv, { name, value }: Variable, signal: Signal): Endpoint {
  const words = firstOtlp(env, 'INSECURE', signal);
  const insecure = readChoice(words, ['true', 'false'], (text) => text.toLowerCase()) === 'true';
  const socket = SOCKET.exec(value)?.[1];
  if (socket !== undefined) return socketEndpoint(name, socket, !insecure);
  const scheme = /^(\w+):\/\//.exec(value)?.[1]?.toLowerCase();
  // Another form of gRPC's, such as xds:/NAME, would be a host without a port.
  if (scheme === undefined && EMPTY_PORT.test(value)) throw badSetting(name, GRPC_FORMS);
  const url = URL.parse(scheme === undefined ? `https://${value}` : value);
  if (url === null || ![undefined, 'http', 'https'].includes(scheme)) throw badSetting(name, GRPC_FORMS);
  if (url.username !== '' || url.password !== '') {
    throw badSetting(name, 'gRPC sends no user name and no password of the endpoint; use OTEL_EXPORTER_OTLP_HEADERS');
  }
  if (!reachable(url)) throw badSetting(name, GRPC_FORMS);
  const secure = scheme === 'https' || (scheme === undefined && !insecure);
  const port = portOf(url);
  // The scheme of gRPC's own: a host may be called unix or dns. The port is always given: gRPC's default is 443 for both schemes.
  return {
    address: `dns:${url.hostname}:${port}`,
    secure,
    ...where(url),
    shown: shownOf(scheme ? url.protocol : '', url),
  };
}

function socketEndpoint(name: string, path: string, secure: boolean): Endpoint {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw badSetting(name, `the path of a socket has at most ${MAX_SOCKET_PATH} bytes`);
  }
  return { address: `unix:${path}`, secure, shown: `unix://${printable(path)}` };
}

function httpEndpoint({ name, value }: Variable, { infix, path }: Signal): Endpoint {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol) || !reachable(url)) throw badSetting(name, HTTP_FORMS);
  if (!decodable(url.username) || !decodable(url.password)) {
    throw badSetting(name, 'the user name or the password is not percent-encoded UTF-8; write % as %25');
  }
  if (name === GENERAL) {
    // The path would become a part of the query.
    if (url.search !== '' || url.hash !== '') {
      throw badSetting(
        name,
        `${path} cannot be added after a query; name the whole URL in OTEL_EXPORTER_OTLP_${infix}_ENDPOINT`,
      );
    }
    url.pathname = url.pathname.replace(/\/?$/, `/${path}`);
  }
  return { address: url.href, secure: url.protocol === 'https:', ...where(url), shown: shownOf(url.protocol, url) };
}

/** Whether it can be a host: something else, such as a token in the wrong variable, would be asked of DNS and shown. */
const reachable = ({ hostname, port }: URL): boolean =>
  (HOST_NAME.test(hostname) || hostname.startsWith('[')) && port !== '0';
const HOST_NAME = /^(?=.{1,254}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/;

const portOf = (url: URL): number => Number(url.port || (url.protocol === 'http:' ? 80 : 443));
const where = (url: URL) => ({ host: url.hostname.replace(/^\[|\]$/g, ''), port: portOf(url) });
const shownOf = (protocol: string, url: URL): string => `${protocol && `${protocol}//`}${url.hostname}:${portOf(url)}`;

function decodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}
