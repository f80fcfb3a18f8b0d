// SPDX-License-Identifier: Apache-2.0
/** A program that answers each line of its input with one line of JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after } from 'node:test';

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

export class Answers {
  readonly #child;
  readonly #lines;
  readonly #ended: Promise<unknown>;

  constructor(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    running.add(this.#child);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    // It has ended, and the next answer says so.
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
    running.delete(this.#child);
  }
}
