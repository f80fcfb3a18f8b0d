// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';

/**
 * The connections that are made with these credentials. grpc-js 1.14 never closes one on which the server stays silent
 * from the start, not even with its client: each further try would leave another open descriptor.
 */
export class GrpcConnections {
  readonly #sockets = new Set<Socket>();

  constructor(credentials: ChannelCredentials) {
    const create = credentials._createSecureConnector.bind(credentials);
    credentials._createSecureConnector = (...args) => {
      const connector = create(...args);
      const connect = connector.connect.bind(connector);
      connector.connect = (socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        return connect(socket);
      };
      return connector;
    };
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
