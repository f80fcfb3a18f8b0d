// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { listen } from '../../../support/listen.ts';
import { decodeRequest, encodeResponse, type WireSpan } from './wire.ts';

export interface HttpReply {
  status?: number;
  headers?: OutgoingHttpHeaders;
  body?: Buffer | string;
}

export const PROTOBUF = { 'Content-Type': 'application/x-protobuf' };
export const ACCEPTED: HttpReply = { status: 200, headers: PROTOBUF, body: encodeResponse() };

/** A real HTTP server. It calls `answer` with the number of each request, which may end the response itself. */
export async function startHttpServer(
  t: TestContext,
  answer: (request: number, response: ServerResponse) => HttpReply = () => ACCEPTED,
) {
  const seen = { port: 0, requests: [] as IncomingMessage[], spans: [] as WireSpan[] };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.requests.push(request);
    const { status = 200, headers = {}, body = '' } = answer(seen.requests.length - 1, response);
    const bytes = Buffer.concat(chunks);
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    if (status === 200) seen.spans.push(...decodeRequest(plain));
    if (!response.headersSent) response.writeHead(status, headers);
    response.end(body);
  });
  seen.port = await listen(t, server);
  t.after(() => server.closeAllConnections());
  return seen;
}

/** The bytes of an accepted request's answer. */
export const ACCEPTED_BYTES = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n';

/**
 * A TCP server that knows nothing of HTTP. It calls `talk` with each connection after its first bytes, and with the
 * connection's number.
 */
export async function startTcpServer(t: TestContext, talk: (socket: Socket, connection: number) => void) {
  const seen = { port: 0, connections: 0, closed: 0 };
  const server = createTcpServer((socket) => {
    const number = seen.connections++;
    socket.on('error', () => {});
    socket.on('close', () => seen.closed++);
    socket.once('data', () => {
      socket.resume();
      talk(socket, number);
    });
    t.after(() => socket.destroy());
  });
  seen.port = await listen(t, server);
  return seen;
}

/** Writes a text piece by piece until the connection is closed. */
export function drip(socket: Socket, pieces: Iterable<string>): void {
  const rest = pieces[Symbol.iterator]();
  const timer = setInterval(() => {
    const { value, done } = rest.next();
    if (done) clearInterval(timer);
    else socket.write(value);
  }, 20);
  socket.on('close', () => clearInterval(timer));
}
