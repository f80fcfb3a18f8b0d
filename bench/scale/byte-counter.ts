// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export interface ByteCounter {
  /** `http://127.0.0.1:PORT`, in the place of the server's own. */
  endpoint: string;
  /** From clients to the server, so far, without the headers of TCP and IP. */
  bytes(): number;
  close(): void;
}

/** Stands between clients and a server, and counts what the clients send. */
export async function countBytes(endpoint: string): Promise<ByteCounter> {
  const { port } = new URL(endpoint);
  let bytes = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1');
    client.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => bytes,
    close: () => server.close(),
  };
}
