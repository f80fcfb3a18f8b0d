// SPDX-License-Identifier: Apache-2.0
/** A PID namespace: agents in it see its processes only, whatever else starts on this host. */
import { Child, waitUntil } from '../harness/child.ts';
import { childrenOf } from '../harness/processes.ts';
import { startAgent } from './agent.ts';

export class PidNamespace {
  readonly #holder: Child;
  readonly #init: number;

  private constructor(holder: Child, init: number) {
    this.#holder = holder;
    this.#init = init;
  }

  static async make(): Promise<PidNamespace> {
    const words = ['--pid', '--fork', '--kill-child', '--mount-proc', 'sleep', 'infinity'];
    const holder = new Child('namespace', 'unshare', words);
    const init = await firstChild(holder.pid);
    return new PidNamespace(holder, init);
  }

  /** The beginning of a command that runs outside of it, and whose children are within it. */
  get forChildren(): readonly string[] {
    return ['nsenter', `--target=${this.#init}`, '--pid', '--no-fork', '--'];
  }

  /** Starts an agent in it. @returns the agent's pid, as it is outside */
  async startAgent(args: readonly string[], command: string): Promise<number> {
    const words = [`--target=${this.#init}`, '--pid', '--mount', '--', command, ...args];
    return firstChild((await startAgent(words, {}, 'nsenter')).pid);
  }

  /** Ends it and every process in it. */
  end(): Promise<void> {
    return this.#holder.kill();
  }
}

const firstChild = (pid: number): Promise<number> =>
  waitUntil(
    () => childrenOf(pid)[0],
    10_000,
    () => `process ${pid} has no child`,
  );
