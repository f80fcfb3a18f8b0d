// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Limitation, proberEnded, proberNotStarted } from '../host/limitations.ts';
import type { UserIds } from '../host/users.ts';
import {
  FAILED,
  type Located,
  type ProcessIdentity,
  parseContexts,
  parseIdentity,
  type Question,
  questionLine,
  READY,
} from '../prober/protocol.ts';

const SUPERVISOR = fileURLToPath(new URL('../../native/prober-supervisor/build/prober-supervisor', import.meta.url));
const MAIN = fileURLToPath(new URL('../prober/main.js', import.meta.url));
const NODE_FLAGS = [
  // A small heap: what it keeps of processes and files is a few megabytes.
  '--no-memory-reducer',
  '--max-semi-space-size=1',
  '--disable-warning=ExperimentalWarning',
  // Any process of its user may send the signal that starts Node.js's debugger, which would hand it these rights.
  '--disable-sigusr1',
];

/** The largest memory map takes a tenth of it. What lasts longer waits for something. */
const ANSWER_MS = 2000;
/** Whatever it is that an answer waits for, be it those before it: a stall has waited long enough then. */
const PATIENCE_MS = 4000;
/** Until it can be asked; a machine that is busy starting may take seconds. */
const START_MS = 20_000;
const GRACE_MS = 20;
const END_MS = 500;
/** A process that made it wait is not looked into for so long. */
const AVOID_MS = 60_000;
/** Questions that are open; only an prober that waits has as many. */
const MAX_OPEN = 16_384;
const ERRORS_LENGTH = 8192;

export interface ProberOptions {
  /** Find out services as well. */
  services: boolean;
  /** Whose rights it has, should this process be root. */
  user: UserIds;
  /** Called with a sentence when something cannot be looked at. */
  warn: (sentence: string) => void;
}

/** The last error of those that Node.js or the supervisor reported. */
const failureIn = (errors: string): string | undefined =>
  [...errors.matchAll(/^(?:\w*Error(?: \[\w+\])?|supervisor): (.+)$/gm)].at(-1)?.[1];

interface Open {
  question: Question;
  askedMs: number;
  resolve: (line: string | undefined) => void;
}

/**
 * Asks the prober, a process of its own that may look into others. Every answer comes within seconds or is undefined: an
 * prober that waits for a process is ended and begins again, and that process is not looked into for a while.
 */
export class ProberClient {
  readonly services: boolean;
  /** Why nobody is looked into any more. */
  obstacle: Limitation | undefined;
  readonly #supervisor: ChildProcess;
  readonly #warn: (sentence: string) => void;
  /** In the order in which they were asked, which is that of the answers. */
  readonly #open: Open[] = [];
  readonly #avoided = new Map<number, number>();
  #hasBegun = false;
  /** To answer, which was said. */
  #hasFailed = false;
  #state: 'starting' | 'late' | 'answering' | 'ended' = 'starting';
  #unsent = '';
  #partial = '';
  /** What it wrote to its standard error since it last began to answer. */
  #errors = '';
  #timer: NodeJS.Timeout | undefined;

  constructor({ services, user, warn }: ProberOptions) {
    this.services = services;
    this.#warn = warn;
    const words = [`${user.uid}`, `${user.gid}`, process.execPath, ...NODE_FLAGS, MAIN];
    this.#supervisor = spawn(SUPERVISOR, services ? [...words, '--services'] : words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Nothing of the agent's environment is its business, and some would change how it runs.
      env: {},
      cwd: '/',
      // For ps; the prober names itself.
      argv0: 'compactstall-supervisor',
    });
    this.#supervisor.once('error', ({ message }) => this.#end(message));
    // Not at its exit: the reason may not have been read by then.
    this.#supervisor.once('close', () => this.#end(failureIn(this.#errors) ?? 'it ended'));
    this.#supervisor.stdin!.on('error', () => {});
    this.#supervisor.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#supervisor.stderr!.setEncoding('utf8').on('data', (text: string) => this.#failed(text));
  }

  /**
   * Which executable runs in the process; undefined when it has ended or could not be probed.
   * @param version of the facts that are known already: they are not given again
   */
  async identity(pid: number, version: number): Promise<ProcessIdentity | undefined> {
    const line = await this.#ask({ about: this.#isAvoided(pid) ? 'stat' : 'identity', pid, version });
    return line === undefined ? undefined : parseIdentity(line);
  }

  /** Where its threads publish their contexts; undefined when it could not be probed. */
  async contexts(pid: number): Promise<Located | undefined> {
    if (this.#isAvoided(pid)) return undefined;
    const line = await this.#ask({ about: 'contexts', pid });
    return line === undefined ? undefined : parseContexts(line);
  }

  /** A process publishes something else now: what is known of it is not taken for granted. */
  published(pid: number): void {
    this.#ask({ about: 'published', pid });
  }

  /** Who waits for an answer goes on without it. */
  leaveUnanswered(): void {
    for (const { resolve } of this.#open) resolve(undefined);
  }

  /** It ends by itself when nobody can ask it any more, but for one that waits. */
  async close(): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.#supervisor.stdin!.end();
    if (this.#supervisor.exitCode !== null || this.#supervisor.signalCode !== null) return;
    const waiting = setTimeout(() => this.#supervisor.kill('SIGKILL'), END_MS);
    await once(this.#supervisor, 'exit');
    clearTimeout(waiting);
  }

  #ask(question: Question): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const cannot = this.#state === 'ended' || this.#state === 'late';
    if (cannot || this.#open.length >= MAX_OPEN) resolve(undefined);
    else {
      this.#open.push({ question, askedMs: performance.now(), resolve });
      if (this.#state === 'answering') this.#send(question);
      this.#timer ??= this.#wait();
    }
    return promise;
  }

  /** What is asked in one turn goes out in one write. */
  #send(question: Question): void {
    if (this.#unsent === '') {
      queueMicrotask(() => {
        if (this.#state === 'answering') this.#supervisor.stdin!.write(this.#unsent);
        this.#unsent = '';
      });
    }
    this.#unsent += `${questionLine(question)}\n`;
  }

  #read(text: string): void {
    if (this.#state === 'ended') return;
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith(READY)) this.#begin(line);
      else if (this.#state === 'answering' && line !== '') this.#open.shift()?.resolve(line);
    }
    // Each before it may have taken its time, and none of them too long.
    const longAgo = performance.now() - PATIENCE_MS;
    for (const { askedMs, resolve } of this.#open) {
      if (askedMs > longAgo) break;
      resolve(undefined);
    }
    clearTimeout(this.#timer);
    this.#timer = this.#open.length > 0 ? this.#wait() : undefined;
  }

  #failed(text: string): void {
    this.#errors = (this.#errors + text).slice(-ERRORS_LENGTH);
    const [, failure] = new RegExp(`^${FAILED}(.+)$`, 'm').exec(this.#errors) ?? [];
    if (failure === undefined || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#warn(`the prober failed to answer a question: ${failure}. Please report it.`);
  }

  #begin(ready: string): void {
    const failure = failureIn(this.#errors);
    if (failure) this.#warn(`the prober failed and has restarted: ${failure}.`);
    this.#errors = '';
    this.#hasBegun = true;
    this.#state = 'answering';
    this.#unsent = '';
    this.#supervisor.stdin!.write(`\n${ready}\n`);
    for (const { question } of this.#open) this.#send(question);
  }

  /** When time is up, what has come while this process was busy itself is read first. */
  #wait(): NodeJS.Timeout {
    const late = () => {
      this.#timer = setTimeout(() => this.#late(), GRACE_MS);
    };
    return setTimeout(late, this.#state === 'starting' ? START_MS : ANSWER_MS);
  }

  /** No answer for so long: the process that the first open question is about makes it wait. */
  #late(): void {
    this.#timer = undefined;
    if (this.#state === 'starting') {
      this.#state = 'late';
      this.#warn(
        `the prober has not started within ${START_MS / 1000} s: spans carry no service and no parent until it has.`,
      );
      for (const { resolve } of this.#open.splice(0)) resolve(undefined);
      return;
    }
    const { pid } = this.#open[0]!.question;
    this.#warn(
      `process ${pid} could not be read within ${ANSWER_MS / 1000} s: its memory map is locked, or it delays its readers. ` +
        `It is left alone for ${AVOID_MS / 1000} s.`,
    );
    const now = performance.now();
    this.#avoided.set(pid, now + AVOID_MS);
    for (const open of this.#open.splice(0)) {
      const { question, askedMs, resolve } = open;
      if (now - askedMs >= PATIENCE_MS) resolve(undefined);
      else if (question.pid !== pid) this.#open.push(open);
      else if (question.about === 'identity') this.#open.push({ ...open, question: { ...question, about: 'stat' } });
      else resolve(undefined);
    }
    this.#state = 'starting';
    this.#partial = '';
    this.#supervisor.kill('SIGUSR1');
    if (this.#open.length > 0) this.#timer = this.#wait();
  }

  #isAvoided(pid: number): boolean {
    const until = this.#avoided.get(pid);
    if (until === undefined) return false;
    if (performance.now() < until) return true;
    this.#avoided.delete(pid);
    return false;
  }

  #end(reason: string): void {
    if (this.#state !== 'ended') {
      this.obstacle = this.#hasBegun ? proberEnded(reason) : proberNotStarted(reason);
      this.#warn(`${this.obstacle.why} ${this.obstacle.todo}`);
    }
    this.#state = 'ended';
    clearTimeout(this.#timer);
    for (const { resolve } of this.#open.splice(0)) resolve(undefined);
  }
}
