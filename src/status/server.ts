// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { EXIT, systemWords, UserError } from '../errors.ts';
import { message } from '../messages/message.ts';
import { askStatus } from './client.ts';
import type { AgentStatus } from './status.ts';

/** sun_path of unix(7), with a byte for its end. */
const MAX_PATH = 107;
/** The socket is made with mode 0600. */
const OWNER_ONLY = 0o177;

/** Answers each connection to a unix socket with the status as one line of JSON. Only the socket's owner, and root, may ask. */
export class StatusServer {
  readonly #path: string;
  readonly #server: Server;
  #status: (() => AgentStatus) | undefined;

  private constructor(path: string, server: Server) {
    this.#path = path;
    this.#server = server;
    server.on('connection', (socket) => {
      // A client that leaves early is not waited for.
      socket.on('error', () => {});
      socket.end(this.#status ? `${JSON.stringify(this.#status())}\n` : '');
    });
  }

  /**
   * Listens, before anything is loaded: later the agent may have no right to. Replaces the socket of an agent that has ended.
   * Throws a UserError when the path cannot be used.
   */
  static async listen(path: string): Promise<StatusServer> {
    await removeLeftOver(path);
    const server = createServer();
    const umask = process.umask(OWNER_ONLY);
    const listening = once(server.listen(path), 'listening');
    process.umask(umask);
    try {
      await listening;
    } catch (error) {
      throw unusable(path, wordsOf(error as NodeJS.ErrnoException, path));
    }
    return new StatusServer(path, server);
  }

  /** From now on it answers. */
  answer(status: () => AgentStatus): void {
    this.#status = status;
  }

  /** Stops, and removes the socket where the agent still may. */
  close(): void {
    this.#server.close();
    try {
      unlinkSync(this.#path);
    } catch {
      // The next agent replaces it.
    }
  }
}

/** Node.js says EACCES also where the folder does not exist. */
function wordsOf({ errno }: NodeJS.ErrnoException, path: string): string {
  const folder = dirname(path);
  if (!existsSync(folder)) return `there is no folder ${folder}`;
  if (Buffer.byteLength(path) > MAX_PATH) return `the path of a socket has at most ${MAX_PATH} bytes`;
  return getSystemErrorMessage(errno!);
}

async function removeLeftOver(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw unusable(path, 'there is a file, which is no socket');
  // An agent that is just starting, or busy, listens as well.
  const isLeftOver = await askStatus(path).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED' || code === 'ENOENT',
  );
  if (!isLeftOver) throw unusable(path, 'another agent listens there');
  try {
    unlinkSync(path);
  } catch (error) {
    throw unusable(path, systemWords(error));
  }
}

const unusable = (path: string, reason: string) =>
  new UserError(EXIT.FAILURE, message('status_socket_unusable', { path, reason }));
