// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { linkSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';

const NAME = /^lock\.(\d+)$/;
/** The sockets are made with mode 0600. */
const OWNER_ONLY = 0o177;
const MAX_TRIES = 20;

/**
 * The right to a folder, which ends with the process, however it ends: somebody listens at the socket `lock.N` with the largest N. A socket shows that its owner is gone, even if that ran in another container; a file with the number of a process does not. flock(2), which
 * would do it too, is not among the functions of Node.js.
 *
 * A process that finds nobody listening at lock.N makes lock.N+1 by link(2), which works for one process only. The socket with the largest N is never removed: a process that has just found it dead could otherwise make one that another has.
 */
export class Lock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param folder a path, which may lead through a descriptor @returns undefined when another process has it @throws the system's error */
  static async take(folder: string): Promise<Lock | undefined> {
    const own = `lock.new.${process.pid}.${process.hrtime.bigint()}`;
    const server = await listen(`${folder}/${own}`);
    try {
      const number = await takeNumber(folder, own);
      if (number === undefined) {
        server.close();
        return undefined;
      }
      removeOthers(folder, number, own);
      return new Lock(server);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  release(): void {
    this.#server.close();
  }
}

/** @returns the number of the lock that this process has; undefined when another one has it */
async function takeNumber(folder: string, own: string): Promise<number | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const last = largest(folder);
    if (last > 0 && (await isAlive(`${folder}/lock.${last}`))) return undefined;
    const number = last + 1;
    try {
      linkSync(`${folder}/${own}`, `${folder}/lock.${number}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    if (largest(folder) === number) return number;
    // It was taken, and its socket removed, since this process looked. Whoever has taken a later one may have removed this one as well.
    rmSync(`${folder}/lock.${number}`, { force: true });
  }
  return undefined;
}

/** Whether a process has the folder. @throws the system's error where that is not known */
export async function isLocked(folder: string): Promise<boolean> {
  const last = largest(folder);
  return last > 0 && (await isAlive(`${folder}/lock.${last}`));
}

const largest = (folder: string): number =>
  Math.max(0, ...readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? 0)));

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  const umask = process.umask(OWNER_ONLY);
  const listening = once(server.listen(path), 'listening');
  process.umask(umask);
  await listening;
  return server.unref();
}

/** Whether somebody listens. @throws the system's error where that is not known */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      socket.destroy();
      // EAGAIN: so many ask that they wait in line.
      if (code === 'EAGAIN') resolve(true);
      else if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
      else reject(new Error(`its lock cannot be looked at (${code})`));
    });
  });
}

/** What others have left: dead locks, and sockets that never became one. */
function removeOthers(folder: string, number: number, own: string): void {
  for (const name of readdirSync(folder)) {
    const other = Number(NAME.exec(name)?.[1] ?? number);
    if (other < number || name === own) unlinkSync(`${folder}/${name}`);
  }
}
