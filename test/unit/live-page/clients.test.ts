// SPDX-License-Identifier: Apache-2.0
// Clients that do not read, with real connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clients, serverSent } from '../../../src/live-page/clients.ts';

/** Larger than what the kernel keeps for two sockets, together with a few more. */
const MESSAGE = serverSent('more', JSON.stringify('x'.repeat(4_000_000)), 'a-1');
const STATE = serverSent('state', '"all"', 'a-2');
const LAST_WORDS = 'data: {}\n\n';

async function connected(t: TestContext, slowMs: number) {
  let left = 0;
  const clients = new Clients({
    most: 1,
    slowMs,
    onNone: () => {
      left += 1;
    },
  });
  const server = createServer((_request, response) => {
    response.writeHead(200);
    clients.add(response, 'first');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answered = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => {
    socket.destroy();
    server.close();
  });
  socket.pause();
  socket.write('GET / HTTP/1.0\r\n\r\n');
  const [, response] = await answered;
  return { clients, socket, response, left: () => left };
}

/** What comes until the text. */
async function readUntil(socket: Socket, text: string): Promise<string> {
  let all = '';
  for await (const part of socket.setEncoding('latin1')) {
    all += part;
    if (all.includes(text)) return all;
  }
  return all;
}

test('a client that does not read has one message waiting at most, and then a new state', async (t) => {
  const { clients, socket, response, left } = await connected(t, 1e9);
  assert.equal(clients.isFull, true);
  let states = 0;
  const state = () => {
    states += 1;
    return STATE;
  };
  for (let i = 0; i < 50; i += 1) {
    clients.send(MESSAGE, state);
    assert.ok(response.writableLength <= MESSAGE.length, `${response.writableLength} bytes wait`);
    await sleep(1);
  }
  assert.deepEqual([states, left()], [0, 0], 'nothing is made for a client that takes nothing');
  const reading = readUntil(socket, '"all"');
  // Nothing is new: what it has missed is reason enough.
  for (let i = 0; states === 0; i += 1) {
    assert.ok(i < 1000, 'it got no state');
    clients.send(undefined, state);
    await sleep(5);
  }
  const all = await reading;
  assert.ok(all.endsWith(STATE) || all.includes(STATE));
  assert.ok(all.split('event: more').length < 10, 'what it has missed was not kept');
});

test('a client that does not read for long is disconnected', async (t) => {
  const { clients, response, left } = await connected(t, 0);
  const closed = once(response, 'close');
  for (let i = 0; !response.destroyed; i += 1) {
    assert.ok(i < 1000);
    clients.send(MESSAGE, () => STATE);
    await sleep(2);
  }
  await closed;
  assert.deepEqual([clients.size, left()], [0, 1]);
});

test('the end is said to all', async (t) => {
  const { clients, socket } = await connected(t, 1e9);
  const all = readUntil(socket, LAST_WORDS);
  await clients.end();
  assert.ok((await all).endsWith(`event: end\n${LAST_WORDS}`));
});
