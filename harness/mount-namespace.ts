// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/** A mount namespace: what is mounted in it goes when this process ends, however it ends, and nobody else sees it. */
export class MountNamespace {
  /** The prefix of a command that runs in the namespace. */
  readonly under: readonly string[];
  /** Its root folder, from outside. */
  readonly root: string;

  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    const pid = holder.pid!;
    this.#holder = holder;
    this.under = ['nsenter', `--mount=/proc/${pid}/ns/mnt`];
    this.root = `/proc/${pid}/root`;
  }

  /** The namespace disappears with the process that makes it. That ends when this process, and so the pipe, ends. */
  static async make(): Promise<MountNamespace> {
    const holder = spawn('unshare', ['--mount', 'sh', '-c', 'echo done && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    holder.unref();
    holder.stdout.destroy();
    (holder.stdin as Socket).unref();
    return new MountNamespace(holder);
  }

  /** Nothing is mounted in it any more once the processes have ended that run in it. */
  end(): void {
    this.#holder.kill('SIGKILL');
  }

  /** Runs a command in it. @returns its standard output */
  run(...command: string[]): string {
    const [program, ...words] = [...this.under, ...command];
    return execFileSync(program!, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
