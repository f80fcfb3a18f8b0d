// SPDX-License-Identifier: Apache-2.0
/** A test program that carries out each line of its input as a command, then prints `done`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { endsWithTests } from '../../harness/ends-with-tests.ts';

export class CommandedProgram {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #name: string;
  #output = '';
  #waiting = () => {};

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#name = program;
    this.#child = endsWithTests(spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] }));
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#waiting();
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject).once('close', () => resolve());
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Sends a command. @returns the output until `done` */
  async tell(command: string): Promise<string> {
    this.#output = '';
    this.#child.stdin!.write(`${command}\n`);
    await new Promise<void>((resolve, reject) => {
      this.#waiting = () => this.#output.endsWith('done\n') && resolve();
      this.#ended.then(() => reject(new Error(`${this.#name} ended before: ${command}`)), reject);
    });
    return this.#output;
  }

  async end(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }
}
