// SPDX-License-Identifier: Apache-2.0
// Servers as child processes: free ports, a start that waits for the first answer, and a stop that waits for the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, mkdtempSync, openSync, readFileSync, readlinkSync, readSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ofEach } from './processes.ts';

/**
 * `count` different TCP ports on 127.0.0.1 on which nobody listens.
 *
 * They are below 32768, where the kernel's ports for outgoing connections begin by default. A client that keeps retrying a
 * stopped server on a higher port sooner or later gets that number as its own port, and connects to itself.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < 1000; tries++) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const server = createServer();
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      held.push(server); // Kept open until all ports are found, so that none is found twice.
      ports.push(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  for (const server of held) {
    server.close();
    await once(server, 'close');
  }
  if (ports.length < count) throw new Error(`found ${ports.length} of ${count} free ports between 20000 and 31999`);
  return ports;
}

/** Calls `probe` until it returns something other than undefined. Throws after `deadlineMs`, with the text of `describe`. */
export async function waitUntil<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  deadlineMs: number,
  describe: () => string,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const result = await probe();
    if (result !== undefined) return result;
    if (performance.now() >= deadline) throw new Error(`${describe()} (waited ${deadlineMs} ms)`);
    await sleep(20);
  }
}

export class Child {
  readonly pid: number;
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown>;
  /** The file descriptor of its output. It is never closed: a test has few servers, and reads the log afterwards. */
  readonly #log: number;
  #told = false;

  /**
   * Starts `command`. Its output goes to a file rather than a pipe, so that a busy or blocked test never holds it up. The kernel
   * kills the child when this process ends for any reason; after a SIGKILL no handler could.
   */
  constructor(name: string, command: string, args: string[], env: Record<string, string> = {}) {
    this.#name = name;
    const directory = mkdtempSync(join(tmpdir(), `compactstall-${name}-`));
    this.#log = openSync(join(directory, 'log'), 'a+');
    rmSync(directory, { recursive: true }); // The open file lives on until its last user ends.
    // setpriv becomes the command, so pid is the command's. A separate process group keeps Ctrl-C for this process.
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['ignore', this.#log, this.#log],
    });
    this.#exit = once(this.#process, 'exit').catch(() => {}); // `pid`, below, shows a failed spawn.
    if (this.#process.pid === undefined) {
      throw new Error(`cannot start ${name}: there is no setpriv here (package util-linux)`);
    }
    this.pid = this.#process.pid;
    this.#process.unref(); // A test that fails before it stops its servers still ends.
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The last 64 KiB of both outputs, also after it has ended. */
  log(): string {
    const end = Buffer.alloc(64 << 10);
    const length = readSync(this.#log, end, 0, end.length, Math.max(0, fstatSync(this.#log).size - end.length));
    return end.toString('utf8', 0, length);
  }

  /** Waits until `probe` resolves to true. If it does not, or the child ends, ends the child and throws with its log. */
  async ready(probe: () => Promise<boolean>, deadlineMs = 30_000): Promise<void> {
    try {
      await waitUntil(
        async () => {
          if (!this.running) throw new Error(`${this.#name} ended with ${this.#status()} before it was ready`);
          return (await probe()) || undefined;
        },
        deadlineMs,
        () => `${this.#name} is running but does not answer`,
      );
    } catch (error) {
      await this.kill();
      throw new Error(`${(error as Error).message}. Its output:\n${this.log()}`);
    }
  }

  /**
   * Sends SIGTERM, and waits for the end. Throws when that is not clean: after SIGKILL when it takes more than `deadlineMs`,
   * and when the child had already ended by itself. A second call does nothing.
   */
  async stop(deadlineMs = 15_000): Promise<void> {
    if (this.#told) return;
    const early = !this.running;
    const inTime = await this.#end('SIGTERM', deadlineMs);
    if (!inTime) await this.kill();
    if (early || this.#process.exitCode !== 0) {
      const what = early
        ? 'had ended by itself'
        : inTime
          ? 'ended'
          : `ran for ${deadlineMs} ms after SIGTERM and ended`;
      throw new Error(`${this.#name} ${what} with ${this.#status()}. Its output:\n${this.log()}`);
    }
  }

  /** Sends SIGKILL, like a crash, and waits for the end. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL', 15_000);
  }

  async #end(signal: NodeJS.Signals, deadlineMs: number): Promise<boolean> {
    this.#told = true;
    if (!this.running) return true;
    this.#process.ref();
    this.#process.kill(signal);
    const timer = new AbortController();
    await Promise.race([this.#exit, sleep(deadlineMs, undefined, timer).catch(() => {})]);
    timer.abort();
    this.#process.unref();
    return !this.running;
  }

  #status(): string {
    return this.#process.signalCode ?? `exit code ${this.#process.exitCode}`;
  }
}

/** The addresses on which a process listens for TCP, such as `127.0.0.1:4317`, from the kernel's own tables, sorted. */
export function listeners(pid: number): string[] {
  const sockets = new Set(
    ofEach(`/proc/${pid}/fd`, (fd) => readlinkSync(fd)).flatMap(
      (target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [],
    ),
  );
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((field) => field[3] === '0A' && sockets.has(field[9]!)) // 0A is TCP_LISTEN, field 9 the inode
    .map((field) => address(field[1]!))
    .sort();
}

/** `0100007F:10DD`, as the tables write it (each 32-bit word of the address in host byte order), to `127.0.0.1:4317`. */
function address(text: string): string {
  const [host, port] = text.split(':') as [string, string];
  const bytes = (host.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const readable =
    bytes.length === 4 ? bytes.map((byte) => Number.parseInt(byte, 16)).join('.') : `[${bytes.join('')}]`;
  return `${readable}:${Number.parseInt(port, 16)}`;
}
