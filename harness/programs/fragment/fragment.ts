// SPDX-License-Identifier: Apache-2.0
/** Runs the workload that makes the kernel compact. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endsWithTests } from '../../ends-with-tests.ts';

export const FRAGMENT = fileURLToPath(new URL('build/fragment', import.meta.url));

export class Fragment {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly fragmented: Promise<void>;
  output = '';

  constructor(...args: string[]) {
    const child = endsWithTests(spawn(FRAGMENT, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    this.#child = child;
    this.#ended = new Promise((resolve, reject) => {
      child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`fragment ended with ${code ?? signal}`));
      });
    });
    this.fragmented = new Promise((resolve, reject) => {
      child.stdout!.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        if (this.output.includes('fragmented:')) resolve();
      });
      this.#ended.catch(reject);
    });
    this.fragmented.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Ends the workload; throws when it does not end cleanly. Before its first line, it may not be ready for the signal. */
  async stop(): Promise<void> {
    await this.fragmented;
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}
