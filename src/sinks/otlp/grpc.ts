// SPDX-License-Identifier: Apache-2.0
import {
  ChannelCredentials,
  Client,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
  setLogger,
} from '@grpc/grpc-js';
import { excerpt } from '../../terminal.ts';
import { type Collector, delivered, USER_AGENT } from './collector.ts';
import type { Connection } from './connection.ts';
import { withEnvironment } from './environment.ts';
import { GrpcConnections } from './grpc-connections.ts';
import { grpcFailure } from './grpc-failure.ts';
import { FULL_SUCCESS, readResponse } from './response.ts';

const GZIP = 2;

/** Why the proxy did not connect. The library only logs it; the error of the call says "undefined". */
let proxyFailure = '';
setLogger({
  ...console,
  error: (line: unknown) => {
    proxyFailure = String(line);
  },
});

/**
 * OTLP over gRPC. The stock exporter's connection waits longer and longer, up to two minutes, before it reconnects, and fails every
 * request meanwhile: measured, 21 s late after an outage of 100 s. Here each try after a failure opens a new connection.
 */
export function connect({ signal, endpoint, headers, gzip, timeoutMs, files, proxy }: Connection): Collector {
  const { ca = null, key = null, cert = null } = files;
  const credentials = endpoint.secure
    ? ChannelCredentials.createSsl(ca, key, cert)
    : ChannelCredentials.createInsecure();
  const metadata = new Metadata();
  for (const [name, value] of headers) metadata.set(name, value);
  const channelOptions = {
    'grpc.primary_user_agent': USER_AGENT,
    // A shared pool would pass the waiting time of the closed connection on to the new one.
    'grpc.use_local_subchannel_pool': 1,
    // Closes an idle connection, and with it gRPC's timer, which checks every 10 s whether the connection is in use.
    'grpc.client_idle_timeout_ms': 5000,
    'grpc.enable_http_proxy': proxy ? 1 : 0,
    ...(gzip ? { 'grpc.default_compression_algorithm': GZIP as 2 } : {}),
  };
  // The library takes a proxy only from the environment, and reads it as it makes a client.
  const open = () =>
    withEnvironment(
      proxy ? { grpc_proxy: proxy.url } : {},
      () => new Client(endpoint.address, credentials, channelOptions),
    );
  const connections = new GrpcConnections(credentials);
  let client: Client | undefined;
  let call: ClientUnaryCall | undefined;
  const close = () => {
    call?.cancel();
    client?.close();
    client = undefined;
    connections.close();
  };

  return {
    send: (batch) =>
      new Promise((resolve) => {
        client ??= open();
        const request = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
        let contentType: string | undefined;
        const done = (error: ServiceError | null, answer: Buffer = Buffer.alloc(0)) => {
          call = undefined;
          // The status said that the request was accepted, whatever the message is.
          const response = readResponse(answer) ?? FULL_SUCCESS;
          const outcome = error === null ? delivered(batch, response) : grpcFailure(error, contentType);
          if (outcome.kind === 'retry' && outcome.message === 'undefined') outcome.message = excerpt(proxyFailure);
          if (outcome.kind === 'retry') close();
          // The library has copied the request into a frame. It compresses in another thread, which a refusal does not stop.
          resolve({ ...outcome, isSpent: !gzip });
        };
        call = client.makeUnaryRequest(
          signal.method,
          same,
          same,
          request,
          metadata,
          { deadline: Date.now() + timeoutMs },
          done,
        );
        call.on('metadata', (received) => {
          contentType = String(received.get('content-type')[0] ?? '');
        });
      }),
    close,
  };
}

/** Requests and answers are bytes already. */
const same = (bytes: Buffer) => bytes;
