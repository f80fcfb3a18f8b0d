// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import { LIVE_EVENTS } from '../report/live.ts';

interface Client {
  /** Since when it has not taken what was written; undefined when it has. */
  waitsSinceMs: number | undefined;
  /** It has not got what others got meanwhile. */
  isBehind: boolean;
}

export interface ClientsOptions {
  /** How many there may be. */
  most: number;
  /** How long a client may take for a message. */
  slowMs: number;
  /** Called when the last one has gone. */
  onNone: () => void;
}

/**
 * Who is connected for server-sent events. A client never has more than one message waiting: while it does, it gets none, and afterwards
 * a new state. One that does not read for long is disconnected, and connects again if it still lives.
 */
export class Clients {
  readonly #clients = new Map<ServerResponse, Client>();
  readonly #options: ClientsOptions;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= this.#options.most;
  }

  /** @param text the first message */
  add(response: ServerResponse, text: string): void {
    const client: Client = { waitsSinceMs: undefined, isBehind: false };
    this.#clients.set(response, client);
    response.on('close', () => {
      this.#clients.delete(response);
      if (this.#clients.size === 0) this.#options.onNone();
    });
    response.on('error', () => {});
    write(response, client, text);
  }

  /** @param more undefined where there is nothing to say @param state made where a client is behind */
  send(more: string | undefined, state: () => string): void {
    for (const [response, client] of this.#clients) {
      if (response.writableLength > 0) {
        client.isBehind ||= more !== undefined;
        client.waitsSinceMs ??= performance.now();
        if (performance.now() - client.waitsSinceMs > this.#options.slowMs) response.destroy();
        continue;
      }
      client.waitsSinceMs = undefined;
      if (client.isBehind) write(response, client, state());
      else if (more !== undefined) write(response, client, more);
    }
  }

  /** Says that nothing more comes. Resolves when all have got it. */
  async end(): Promise<void> {
    const text = serverSent(LIVE_EVENTS.end, '{}');
    const ended = [...this.#clients.keys()].map((response) => new Promise<void>((done) => response.end(text, done)));
    await Promise.all(ended);
  }
}

function write(response: ServerResponse, client: Client, text: string): void {
  client.isBehind = false;
  if (!response.write(text)) client.waitsSinceMs = performance.now();
}

/** @param json one line @param id absent where a client cannot go on from it */
export const serverSent = (event: string, json: string, id?: string): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${json}\n\n`;
