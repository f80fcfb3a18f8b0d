// SPDX-License-Identifier: Apache-2.0
/** Starts the built commands as a user does, and collects their output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endsWithTests } from '../../harness/ends-with-tests.ts';
import type { BooksReport } from '../../src/event/books-report.ts';
import { type AgentEvent, type CompactionEvent, isCompaction, type NotRecordedEvent } from '../../src/event/event.ts';
import { openBooks } from './books.ts';

const BIN = fileURLToPath(new URL('../../dist/bin/', import.meta.url));
/** A limit that only a hang reaches. */
const GIVE_UP_MS = 120_000;

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** If they were wanted, and the run came to its end. */
  books?: BooksReport;
}

export interface StartOptions {
  env?: NodeJS.ProcessEnv;
  command?: 'compactstall' | 'compactsnoop';
  /** What is run instead of the built command, by its path after `under`. */
  program?: string;
  /** The words of a command that starts it. */
  under?: readonly string[];
  /** A pipe, or this descriptor, becomes the agent's standard output. */
  stdout?: 'pipe' | number;
  giveUpMs?: number;
  /** Whether to get the books, by --books. */
  books?: boolean;
}

/** The environment without variables that would change the agent under test. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^OTEL_|^GRPC_|^NO_COLOR$|^NODE_OPTIONS$/.test(name)),
  );
}

export class Agent {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';
  readonly #waiting = new Set<() => void>();
  readonly #events: CompactionEvent[] = [];
  #parsed = 0;

  constructor(args: readonly string[], options: StartOptions = {}) {
    const { env = {}, command = 'compactstall', stdout = 'pipe', under = [], giveUpMs = GIVE_UP_MS } = options;
    const books = options.books ? openBooks() : undefined;
    // The third descriptor of the agent.
    const wanted = books ? ['--books', '/proc/self/fd/3'] : [];
    const started = options.program ?? `${BIN}${command}`;
    const [program, ...words] = [...under, started, ...args, ...wanted];
    const child = spawn(program!, words, {
      env: { ...cleanEnvironment(), PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...env },
      stdio: ['ignore', stdout, 'pipe', ...(books ? [books.file] : [])],
    });
    this.child = endsWithTests(child);
    this.child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
      this.#check();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
      this.#check();
    });
    const giveUp = setTimeout(() => this.child.kill('SIGKILL'), giveUpMs);
    const kill = () => this.child.kill('SIGKILL');
    process.once('exit', kill);
    this.finished = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        clearTimeout(giveUp);
        process.off('exit', kill);
        this.#check();
        const report = books?.read();
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr, ...(report && { books: report }) });
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Resolves when the condition holds. Rejects with the agent's output when it ends before. */
  async until(condition: () => boolean): Promise<void> {
    const held = new Promise<void>((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
    const ended = this.finished.then(({ code, signal }) => {
      if (!condition())
        throw new Error(`the agent ended (${code ?? signal}) too early:\n${this.stdout}\n${this.stderr}`);
    });
    await Promise.race([held, ended]);
  }

  /** Resolves when the agent is attached: compactstall reports it, and compactsnoop prints its header. */
  async attached(): Promise<this> {
    await this.until(() => this.stderr.includes(' attached (') || this.stdout.includes('COMM'));
    return this;
  }

  /** The events printed so far, with --output json. Each line is parsed once, as tests ask often. */
  events(): readonly CompactionEvent[] {
    const end = this.stdout.lastIndexOf('\n') + 1;
    this.#events.push(...parseLines(this.stdout.slice(this.#parsed, end)));
    this.#parsed = end;
    return this.#events;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.child.kill(signal);
    return this.finished;
  }

  #check(): void {
    for (const check of [...this.#waiting]) check();
  }
}

/** Runs a command to its end. */
export function runToEnd(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return new Agent(args, options).finished;
}

export function parseLines(json: string): CompactionEvent[] {
  return parseAllLines(json).filter(isCompaction);
}

/** What was left out or lost, by lines of `--output json`. */
export const gapsIn = (json: string): NotRecordedEvent[] => parseAllLines(json).filter((event) => !isCompaction(event));

const parseAllLines = (json: string): AgentEvent[] =>
  json
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
