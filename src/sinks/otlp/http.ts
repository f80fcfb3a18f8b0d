// SPDX-License-Identifier: Apache-2.0
import http from 'node:http';
import https from 'node:https';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { type Batch, type Collector, type Outcome, USER_AGENT } from './collector.ts';
import type { Connection } from './connection.ts';
import { type HttpAnswer, httpOutcome, MAX_ANSWER_BYTES } from './http-answer.ts';
import { connectionFailure, STALE } from './http-failure.ts';

const compress = promisify(zlib.gzip);

/**
 * OTLP over HTTP. The stock transport takes any 2xx for a delivery, bounds the silence between two bytes instead of the
 * request, and keeps the answer's words and Retry-After to itself.
 */
export function connect({ endpoint, headers, gzip, timeoutMs, files, proxy }: Connection): Collector {
  // Makes Node.js read the certificates of NODE_EXTRA_CA_CERTS now, not at the first connection: only root may be able to.
  if (endpoint.secure) createSecureContext();
  const agent = endpoint.secure
    ? new https.Agent({ keepAlive: true, ...files, ...throughProxy(proxy) })
    : new http.Agent({ keepAlive: true, ...throughProxy(proxy) });
  const { request } = endpoint.secure ? https : http;
  const allHeaders = {
    ...Object.fromEntries(headers),
    'Content-Type': 'application/x-protobuf',
    'User-Agent': USER_AGENT,
    ...(gzip && { 'Content-Encoding': 'gzip' }),
  };
  let giveUp: (() => void) | undefined;
  let closed = false;

  async function post(batch: Batch): Promise<Outcome> {
    const body = gzip ? await compress(batch.bytes) : batch.bytes;
    if (closed) return connectionFailure(new Error('closed'));
    const message = request(endpoint.address, { method: 'POST', headers: allHeaders, agent });
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        clearTimeout(deadline);
        giveUp = undefined;
        resolve(outcome);
      };
      const fail = (error: unknown) => {
        settle(connectionFailure(error, message.reusedSocket));
        message.destroy();
      };
      const deadline = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      giveUp = () => fail(new Error('closed'));
      message.on('error', fail);
      const answered = (answer: HttpAnswer) =>
        settle({ ...httpOutcome(batch, answer), isSpent: message.writableFinished });
      message.on('response', (response) => readAnswer(response, answered, fail));
      // Without this listener Node.js reports such an answer neither as a response nor as an error.
      message.on('upgrade', ({ statusCode }, socket) => {
        socket.destroy();
        fail(new Error(`HTTP ${statusCode} instead of an answer`));
      });
      message.end(body);
    });
  }

  return {
    send: async (batch) => {
      const outcome = await post(batch);
      // The other side closed the idle connection while the request was on its way.
      return outcome.kind === 'retry' && outcome.reason === STALE ? post(batch) : outcome;
    },
    close: () => {
      closed = true;
      giveUp?.();
      agent.destroy();
    },
  };
}

/** Node.js takes a proxy in the form of an environment. */
const throughProxy = (proxy: Connection['proxy']) =>
  proxy && { proxyEnv: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } };

function readAnswer(
  response: http.IncomingMessage,
  onAnswer: (answer: HttpAnswer) => void,
  onError: (error: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const done = () => {
    const { statusCode: status = 0, statusMessage: statusText = '', headers } = response;
    onAnswer({ status, statusText, headers, body: Buffer.concat(chunks) });
  };
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= MAX_ANSWER_BYTES) return;
    done();
    response.destroy();
  });
  response.on('end', done);
  response.on('error', onError);
}
