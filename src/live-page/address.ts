// SPDX-License-Identifier: Apache-2.0
/** Where the page is: the value of `--live`. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { Address } from '../http-server.ts';

const MAX_PORT = 65_535;
const LOOPBACK = '127.0.0.1';

/** @returns undefined for a text that is not an address: HOST:PORT, [IPV6]:PORT or :PORT, which is of this host alone; a URL has no zone */
export function parseAddress(text: string): Address | undefined {
  const [, six, other, digits = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > MAX_PORT) return undefined;
  if (six !== undefined) return isIPv6(six) && !six.includes('%') ? { host: six, port } : undefined;
  if (other === '') return { host: LOOPBACK, port };
  return isIP(other!) !== 0 || other === 'localhost' ? { host: other!, port } : undefined;
}

/** Whether only this host reaches it. */
export const isLoopback = ({ host }: Pick<Address, 'host'>): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
