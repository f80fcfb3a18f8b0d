// SPDX-License-Identifier: Apache-2.0

import { type Message, message } from '../../messages/message.ts';
import { type Endpoint, readEndpoint } from './endpoint.ts';
import { badSetting, firstOtlp, readChoice, readInteger } from './environment.ts';
import { type Header, readHeaders } from './headers.ts';
import { type HttpProxy, readProxy } from './proxy.ts';
import { type Protocol, readProtocol } from './settings.ts';
import { type Signal, TRACES } from './signal.ts';
import { checkLibraryVariables, readTlsFiles, type TlsFiles } from './tls-files.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

/** How to reach the collector: all that the variables say of it, checked. No library reads them. */
export interface Connection {
  signal: Signal;
  protocol: Protocol;
  endpoint: Endpoint;
  headers: Header[];
  gzip: boolean;
  /** The most time of a request. */
  timeoutMs: number;
  files: TlsFiles;
  proxy: HttpProxy | undefined;
  /** For messages: where data goes, without secrets. */
  destination: string;
  /** About settings that may not work. */
  warnings: Message[];
}

const connections = new WeakMap<NodeJS.ProcessEnv, Map<Signal, Connection>>();

/**
 * How to reach the collector. Throws a usage error for a variable that a transport could not use. Reads the files once for each
 * environment: one may be a pipe, such as `<(command)` in a shell, or be replaced while the agent starts.
 */
export function readConnection(env: NodeJS.ProcessEnv, signal: Signal = TRACES): Connection {
  const known = connections.get(env) ?? new Map<Signal, Connection>();
  connections.set(env, known);
  const connection = known.get(signal) ?? read(env, signal);
  known.set(signal, connection);
  return connection;
}

function read(env: NodeJS.ProcessEnv, signal: Signal): Connection {
  const protocol = readProtocol(env, signal);
  const endpoint = readEndpoint(env, protocol, signal);
  const headers = readHeaders(env, protocol, signal);
  const gzip = readChoice(firstOtlp(env, 'COMPRESSION', signal), ['gzip', 'none']) === 'gzip';
  const timeoutMs = readInteger(firstOtlp(env, 'TIMEOUT', signal), 1) ?? DEFAULT_TIMEOUT_MS;
  const { files, expired } = readTlsFiles(env, Date.now(), signal);
  if (endpoint.secure) checkLibraryVariables(env, protocol === 'grpc');
  const proxy = readProxy(env, protocol, endpoint);
  if (proxy && protocol !== 'grpc' && !process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) {
    throw badSetting(
      proxy.variable,
      `Node.js ${process.versions.node} knows no proxies; use 22.21, 24.5 or later, or no_proxy`,
    );
  }
  const through = proxy ? ` (through the proxy of ${proxy.variable})` : '';
  const warnings = expired.map((variable) => message('certificate_expired', { variable }));
  const destination = `${endpoint.shown}${through}`;
  return { signal, protocol, endpoint, headers, gzip, timeoutMs, files, proxy, destination, warnings };
}
