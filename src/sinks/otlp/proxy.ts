// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { Endpoint } from './endpoint.ts';
import { badSetting, firstSet } from './environment.ts';
import type { Protocol } from './settings.ts';

export interface HttpProxy {
  url: string;
  /** The variable that names it. */
  variable: string;
}

/**
 * The proxy on the way to the endpoint, by the rules that most tools share: the variable of the endpoint's scheme, and no_proxy.
 * They are the same for both transports. The libraries' own rules differ: gRPC's takes https_proxy for plain text too, and knows
 * neither `*` nor HOST:PORT in no_proxy. gRPC's own two variables count first for gRPC.
 */
export function readProxy(env: NodeJS.ProcessEnv, protocol: Protocol, endpoint: Endpoint): HttpProxy | undefined {
  const { host, port, secure } = endpoint;
  // A proxy's loopback is another host.
  if (host === undefined || port === undefined || isLoopback(host)) return undefined;
  const grpc = protocol === 'grpc';
  const usual = secure ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY'];
  const set = firstSet(env, ...(grpc ? ['grpc_proxy'] : []), ...usual);
  if (set === undefined) return undefined;
  const exceptions = firstSet(env, ...(grpc ? ['no_grpc_proxy'] : []), 'no_proxy', 'NO_PROXY')?.value ?? '';
  if (exceptions.split(/[\s,]+/).some((exception) => matches(exception, host, port))) return undefined;
  const url = URL.parse(/^[\w+.-]+:\/\//.test(set.value) ? set.value : `http://${set.value}`);
  if (url?.protocol !== 'http:' || url.hostname === '') throw badSetting(set.name, 'must be http://HOST:PORT');
  try {
    decodeURIComponent(`${url.username}:${url.password}`);
  } catch {
    throw badSetting(set.name, 'the user name or the password is not percent-encoded UTF-8; write % as %25');
  }
  return { url: url.href, variable: set.name };
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  return /^(.*\.)?localhost\.?$/i.test(host) || (isIP(host) !== 0 && LOOPBACK.check(host, family(host)));
}

/** Whether an element of no_proxy is the host: `*`, a name with all names below it, an address, or a range of addresses. */
function matches(exception: string, host: string, port: number): boolean {
  if (exception === '*') return true;
  const range = /^\[?([^[\]]+)\]?\/(\d+)$/.exec(exception);
  if (range) return inRange(host, range[1]!, Number(range[2]));
  const { name, port: only } = split(exception.toLowerCase());
  if (name === '' || (only !== undefined && only !== port)) return false;
  const wanted = host.toLowerCase();
  return wanted === name || (isIP(wanted) === 0 && wanted.endsWith(`.${name}`));
}

/** HOST, .HOST, *.HOST, ADDRESS or [ADDRESS], each with or without :PORT. */
function split(exception: string): { name: string; port?: number } {
  if (isIP(exception) !== 0) return { name: exception };
  const [, name = '', port] = /^\[?(?:\*?\.)?(.*?)\]?(?::(\d+))?$/.exec(exception) ?? [];
  return port === undefined ? { name } : { name, port: Number(port) };
}

function inRange(host: string, net: string, bits: number): boolean {
  if (isIP(host) === 0 || isIP(net) === 0 || bits > (isIPv4(net) ? 32 : 128)) return false;
  const range = new BlockList();
  range.addSubnet(net, bits, family(net));
  return range.check(host, family(host));
}

const family = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');
