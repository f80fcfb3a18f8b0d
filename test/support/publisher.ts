// SPDX-License-Identifier: Apache-2.0
/** A process that publishes a process context and stalls when told to: test/kernel/child/publisher.c. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../kernel/child/publisher.c', import.meta.url));
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** The compiled program, in a folder that is removed after the tests of a file. */
export function buildPublisher(): string {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-publisher-'));
  after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'publisher');
  execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', program, SOURCE], { stdio: 'inherit' });
  return program;
}

export class Publisher {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #answers = 0;
  #onAnswer = () => {};

  constructor(program: string, how: 'memfd' | 'anon', env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(program, [how], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    running.add(this.#child);
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#answers += text.split('\n').length - 1;
      this.#onAnswer();
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  publish = (payload: Buffer) => this.#tell(`publish ${payload.toString('hex')}`);
  churn = () => this.#tell('churn');
  withdraw = () => this.#tell('withdraw');
  stall = (file: string) => this.#tell(`stall ${file}`);
  exec = (program: string) => this.#tell(`exec ${program}`);

  async end(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
    running.delete(this.#child);
  }

  /** Resolves when it is done. */
  async #tell(command: string): Promise<void> {
    const wanted = this.#answers + 1;
    this.#child.stdin!.write(`${command}\n`);
    await new Promise<void>((resolve, reject) => {
      this.#onAnswer = () => this.#answers >= wanted && resolve();
      void this.#ended.then(() => reject(new Error(`the publisher ended before: ${command}`)));
    });
  }
}
