// SPDX-License-Identifier: Apache-2.0
/** A program that answers each line of its input with one line of JSON. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endsWithTests } from '../../harness/ends-with-tests.ts';

export class JsonProgram {
  readonly #child;
  readonly #lines;
  readonly #ended: Promise<unknown>;

  constructor(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    this.#child = endsWithTests(spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env }));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    // The program has ended; the next answer reports that.
    this.#child.stdin.on('error', () => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async ask(command: string) {
    this.#child.stdin.write(`${command}\n`);
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`the program ended before it answered: ${command}`);
    return JSON.parse(value);
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}
