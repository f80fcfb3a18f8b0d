// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { proberEnded, proberNotStarted } from '../host/limitations.ts';
import type { UserIds } from '../host/users.ts';
import { installed } from '../installation.ts';
import { type Message, message, type Obstacle } from '../messages/message.ts';
import {
  type Explanation,
  FAILED,
  type Located,
  type ProcessIdentity,
  parseContexts,
  parseExplanation,
  parseIdentity,
  type Question,
  questionLine,
  READY,
  STARTED,
} from '../prober/protocol.ts';
import { type Asked, Patience, WAIT_MS, WORK_MS } from './patience.ts';
import { remedyFor } from './prober-remedy.ts';
import { Questions } from './questions.ts';
import { SUPERVISOR } from './supervisor.ts';

/** Built: the prober's flags do not let it read TypeScript. */
const MAIN = installed('dist/prober/main.js');
const NODE_FLAGS = [
  // A small heap: the prober keeps a few megabytes about processes and files. It is idle nearly always, so further threads of V8 are
  // not worth their memory. Its compilers are: a memory map of 60 000 lines takes half as long again without them.
  '--no-memory-reducer',
  '--max-semi-space-size=1',
  '--single-threaded',
  '--v8-pool-size=1',
  '--disable-warning=ExperimentalWarning',
  // SIGUSR1 starts Node.js's debugger. Any process of the same user could send it, and gain the prober's rights.
  '--disable-sigusr1',
];

/** The pause between two looks at a prober that has not answered. */
const LOOK_MS = 250;
const END_MS = 500;
/** The time for which a process that made the prober wait is avoided. */
const AVOID_MS = 60_000;
const ERRORS_LENGTH = 8192;

export interface ProberOptions {
  /** Whether to find out services as well. */
  services: boolean;
  /** The user that the prober becomes, if this process is root. */
  user: UserIds;
  /** Where the proc file system is mounted that has the processes. */
  procfs: string;
  /** Called when something cannot be probed. */
  warn: (message: Message) => void;
}

/** The last error that Node.js or the supervisor reported. */
const failureIn = (errors: string): string | undefined =>
  [...errors.matchAll(/^(?:\w*Error(?: \[\w+\])?|compactstall-supervisor): (.+)$/gm)].at(-1)?.[1];

/**
 * Starts the prober, a separate process that may read others, and asks it. Every question is resolved within seconds, with
 * undefined if need be: a prober that waits for a process is killed and replaced, and that process is avoided for a while.
 * A prober that gets little CPU time is only slow. Whatever is not looked up is reported.
 */
export class ProberClient {
  readonly services: boolean;
  /** The reason why the prober has ended or did not start. */
  obstacle: Obstacle | undefined;
  /** Seen while this process still has the rights to see it. */
  readonly #isBuilt = existsSync(MAIN);
  readonly #supervisor: ChildProcess;
  readonly #warn: (message: Message) => void;
  readonly #questions = new Questions();
  readonly #avoided = new Map<number, number>();
  /** Whether the user was warned that stalls did not wait for it. */
  #hasTriedPatience = false;
  /** Whether the user was warned that it failed to answer. */
  #hasFailed = false;
  #state: 'starting' | 'late' | 'answering' | 'ended' = 'starting';
  #unsent = '';
  #partial = '';
  /** Its standard error since it last began to answer. */
  #errors = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #patience = new Patience();

  constructor({ services, user, procfs, warn }: ProberOptions) {
    this.services = services;
    this.#warn = warn;
    const words = [`${user.uid}`, `${user.gid}`, process.execPath, ...NODE_FLAGS, MAIN];
    words.push('--procfs', procfs, ...(services ? ['--services'] : []));
    this.#supervisor = spawn(SUPERVISOR, words, {
      // The supervisor's name in ps; the prober names itself.
      argv0: basename(SUPERVISOR),
      stdio: ['pipe', 'pipe', 'pipe'],
      // The prober needs nothing of the agent's environment, and some variables would change how it runs.
      // One pool of glibc: each further one keeps what its thread has freed.
      env: { MALLOC_ARENA_MAX: '1' },
      cwd: '/',
    });
    this.#supervisor.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      this.#end(code === 'ENOENT' ? `${SUPERVISOR} does not exist` : message),
    );
    // Not on exit: standard error, which has the reason, may not have been read by then.
    this.#supervisor.once('close', () => this.#end(failureIn(this.#errors) ?? 'it ended'));
    this.#supervisor.stdin!.on('error', () => {});
    this.#supervisor.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#supervisor.stderr!.setEncoding('utf8').on('data', (text: string) => this.#failed(text));
  }

  /** Whether a prober has started and was ready for questions. */
  get hasBegun(): boolean {
    return this.#patience.hasBegun;
  }

  /** The supervisor's pid; undefined if it did not start. */
  get supervisor(): number | undefined {
    return this.#supervisor.pid;
  }

  /**
   * The executable that runs in the process; undefined when it has ended or could not be probed.
   * @param version of the facts that are already known: the answer leaves them out
   * @param isOfStall whether a stall waits for the answer
   */
  async identity(pid: number, version: number, isOfStall = true): Promise<ProcessIdentity | undefined> {
    const isAvoided = this.#isAvoided(pid);
    const line = await this.#ask(
      isAvoided ? { about: 'outside', pid } : { about: 'identity', pid, version },
      isOfStall,
    );
    return line === undefined ? undefined : parseIdentity(line);
  }

  /** The place where its threads publish their contexts; undefined when it could not be probed. */
  async contexts(pid: number): Promise<Located | undefined> {
    if (this.#isAvoided(pid)) return undefined;
    const line = await this.#ask({ about: 'contexts', pid });
    return line === undefined ? undefined : parseContexts(line);
  }

  /** What is behind its service; undefined when it could not be probed. */
  async explanation(pid: number): Promise<Explanation | undefined> {
    if (this.#isAvoided(pid)) return undefined;
    const line = await this.#ask({ about: 'explanation', pid });
    return line === undefined ? undefined : parseExplanation(line);
  }

  /** Notifies the prober that a process has published another context, so that its facts may be outdated. */
  published(pid: number): void {
    this.#ask({ about: 'published', pid });
  }

  /** Resolves all open questions without an answer. */
  leaveUnanswered(): void {
    this.#leave(() => true);
  }

  /** Closes the prober's standard input, at which it ends, and kills it if it still waits for a process. */
  async close(): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.#supervisor.stdin!.end();
    // One that was not started does not exit either.
    const { pid, exitCode, signalCode } = this.#supervisor;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const waiting = setTimeout(() => this.#supervisor.kill('SIGKILL'), END_MS);
    await once(this.#supervisor, 'exit');
    clearTimeout(waiting);
  }

  async #ask(question: Question, isOfStall = false): Promise<string | undefined> {
    if (this.#state === 'ended' || this.#state === 'late' || this.#questions.isFull) return undefined;
    if (this.#questions.length === 0) this.#patience.nextAnswer();
    const answer = this.#questions.add(question, isOfStall, this.#patience.asked());
    if (this.#state === 'answering') this.#send(question);
    this.#timer ??= this.#lookLater();
    return answer;
  }

  /** Questions of one turn of the event loop go out in one write. */
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
      if (line.startsWith(STARTED)) this.#started(Number(line.slice(STARTED.length)));
      else if (line.startsWith(READY)) this.#begin(line);
      else if (this.#state === 'answering' && line !== '') this.#questions.answer(line);
    }
    if (this.#state === 'answering') this.#patience.nextAnswer();
    this.#leave();
    clearTimeout(this.#timer);
    this.#timer = this.#questions.length > 0 ? this.#lookLater() : undefined;
  }

  #failed(text: string): void {
    this.#errors = (this.#errors + text).slice(-ERRORS_LENGTH);
    const [, failure] = new RegExp(`^${FAILED}(.+)$`, 'm').exec(this.#errors) ?? [];
    if (failure === undefined || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#warn(message('prober_failed', { reason: failure }));
  }

  /** The supervisor has started a prober, at first or because the one before it has ended. */
  #started(pid: number): void {
    this.#patience.started(pid);
    if (this.#state === 'answering') this.#state = 'starting';
  }

  #begin(ready: string): void {
    const failure = failureIn(this.#errors);
    if (failure) this.#warn(message('prober_restarted', { reason: failure }));
    this.#errors = '';
    this.#patience.begun();
    this.#state = 'answering';
    this.#unsent = '';
    this.#supervisor.stdin!.write(`\n${ready}\n`);
    for (const question of this.#questions.all) this.#send(question);
  }

  #lookLater(): NodeJS.Timeout {
    return setTimeout(() => this.#look(), LOOK_MS);
  }

  /** No answer has come for a while: looks whether the prober is stuck. */
  #look(): void {
    if (this.#state === 'starting') {
      const tookMs = this.#patience.lateStart();
      if (tookMs !== undefined) this.#startsLate(tookMs);
    } else if (this.#state === 'answering' && this.#patience.isStuck()) this.#replace();
    this.#leave();
    this.#timer = this.#questions.length > 0 ? this.#lookLater() : undefined;
  }

  #startsLate(tookMs: number): void {
    this.#state = 'late';
    this.#warn(message('prober_late', { seconds: Math.round(tookMs / 1000) }));
    this.#questions.clear();
  }

  /** Replaces the prober, which is stuck at the process of the first open question. */
  #replace(): void {
    const { pid } = this.#questions.all[0]!;
    if (this.#patience.isStopped) this.#warn(message('prober_stopped', {}));
    else {
      const pause = AVOID_MS / 1000;
      this.#warn(
        this.#patience.isOverworked
          ? message('process_too_costly', { pid, seconds: WORK_MS / 1000, pause })
          : message('process_blocked', { pid, seconds: WAIT_MS / 1000, pause }),
      );
      this.#avoided.set(pid, performance.now() + AVOID_MS);
      this.#questions.avoid(pid);
    }
    this.#state = 'starting';
    this.#patience.replaced();
    this.#partial = '';
    this.#supervisor.kill('SIGUSR1');
  }

  #leave(isOld = (asked: Asked) => this.#patience.isOld(asked)): void {
    if (!this.#questions.leaveOld(isOld) || this.#hasTriedPatience) return;
    this.#hasTriedPatience = true;
    this.#warn(message('prober_too_late', {}));
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
      this.obstacle = this.hasBegun ? proberEnded(reason) : proberNotStarted(reason, remedyFor(reason, this.#isBuilt));
      this.#warn(this.obstacle);
    }
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.#questions.clear();
  }
}
