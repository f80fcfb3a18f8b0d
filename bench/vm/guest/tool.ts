// SPDX-License-Identifier: Apache-2.0
/** A tracing tool that prints a row for each compaction, from its start to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A limit that only a hang reaches: bcc's compiler alone needs 12 s in an emulated machine. */
const FIRST_ROW_MS = 300_000;
/** The pause after which all rows count as printed. */
const SETTLED_MS = 1500;

export interface Tool {
  name: string;
  /** The command must become the tool by exec, as its process is measured. */
  command: readonly [string, ...string[]];
  env?: Record<string, string>;
  /** Matches the row of a compaction, and neither headers nor frames of a stack. */
  row: RegExp;
}

export class RunningTool {
  rows = 0;
  readonly #child: ChildProcess;
  readonly #row: RegExp;
  readonly #started = performance.now();
  readonly #firstWord = Promise.withResolvers<void>();
  readonly #firstRow = Promise.withResolvers<number>();
  #said = '';
  #rest = '';

  constructor({ command: [program, ...args], env = {}, row }: Tool) {
    this.#row = row;
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
      this.#firstWord.resolve();
    });
    this.#child.once('close', (code, signal) => {
      this.#firstRow.reject(new Error(`${[program, ...args].join(' ')} ended with ${code ?? signal}:\n${this.#said}`));
    });
    this.#firstRow.promise.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves at its first output, of which there is none before it is attached. */
  async spoken(): Promise<void> {
    await Promise.race([this.#firstWord.promise, this.#firstRow.promise, late()]);
  }

  /** @returns the milliseconds until it came */
  async firstRow(): Promise<number> {
    return await Promise.race([this.#firstRow.promise, late()]);
  }

  /** Resolves when no more rows come. */
  async settled(): Promise<void> {
    for (let before = -1; before !== this.rows; ) {
      before = this.rows;
      await sleep(SETTLED_MS);
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await once(this.#child, 'close');
  }

  #read(text: string): void {
    this.#firstWord.resolve();
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    this.rows += lines.filter((line) => this.#row.test(line)).length;
    if (this.rows > 0) this.#firstRow.resolve(performance.now() - this.#started);
  }
}

async function late(): Promise<never> {
  await sleep(FIRST_ROW_MS, undefined, { ref: false });
  throw new Error(`nothing within ${FIRST_ROW_MS / 1000} s`);
}
