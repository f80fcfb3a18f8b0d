// SPDX-License-Identifier: Apache-2.0
/** What the agent's ports have in common. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { EXIT, systemWords, UserError } from './errors.ts';
import type { Message } from './messages/message.ts';

/** Node.js would wake up each 30 s to look for slow clients; what a server does itself bounds them. */
const NEVER_MS = 2 ** 31 - 1;

export interface Address {
  host: string;
  port: number;
}

export interface ServerLimits {
  /** Connections at once. */
  clients: number;
  /** A client that is silent for this long is disconnected. */
  silentMs: number;
}

/** Listens. Throws a UserError with the message of `refused` when it cannot. An agent that cannot start does not stay for it. */
export async function listen(
  { host, port }: Address,
  { clients, silentMs }: ServerLimits,
  refused: (fields: { address: string; reason: string }) => Message,
): Promise<Server> {
  const server = createServer({ connectionsCheckingInterval: NEVER_MS });
  server.maxConnections = clients;
  server.setTimeout(silentMs);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new UserError(EXIT.FAILURE, refused({ address: shown({ host, port }), reason: words(error) }))),
    );
    server.listen(port, host, resolve);
  });
  // Without descriptors a connection cannot be accepted; the next one may.
  server.on('error', () => {});
  server.unref();
  return server;
}

/** Where it listens, even if any free port was asked for. */
export function addressOf(server: Server): Address {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

/** As in a URL: `127.0.0.1:9464`, `[::1]:9464`. */
export const shown = ({ host, port }: Address): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** Ends all connections. */
export function closeServer(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** Node.js repeats the address: "listen EADDRINUSE: address already in use 127.0.0.1:9464". */
const words = (error: Error): string => systemWords(new Error(error.message.replace(/^listen (.*) \S+$/, '$1')));
