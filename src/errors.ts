// SPDX-License-Identifier: Apache-2.0
import { type Message, message, type Obstacle } from './messages/message.ts';
import { unnamedSystemError } from './system-error.ts';

/** Exit codes, also listed in docs/cli.md. */
export const EXIT = {
  OK: 0,
  FAILURE: 1,
  USAGE: 2,
  /** This host cannot run the agent. */
  HOST: 3,
  /** The run finished, but events were lost; the printed books say how many and why. */
  LOST: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error for the user: one sentence that says what was wrong, then what to do next. Printed without a stack trace. */
export class UserError extends Error {
  readonly exitCode: ExitCode;
  /** A name that does not change, listed in docs/troubleshooting.md. */
  readonly code: string;
  /** What the command says. */
  readonly said: Message;
  /** More lines for `--verbose`, such as the verifier's log. */
  readonly detail: string | undefined;

  constructor(exitCode: ExitCode, said: Message, detail?: string) {
    super(said.text);
    this.name = new.target.name;
    this.exitCode = exitCode;
    this.code = said.code;
    this.said = said;
    this.detail = detail;
  }
}

/** An obstacle to starting `run`: `run` prints both sentences in a row, `doctor` prints each on its own line. */
export class StartError extends UserError {
  readonly why: string;
  readonly todo: string;

  constructor(exitCode: ExitCode, said: Obstacle, detail?: string) {
    super(exitCode, said, detail);
    this.why = said.why;
    this.todo = said.todo;
  }
}

/** Something that this host lacks. */
export class HostError extends StartError {
  constructor(said: Obstacle, detail?: string) {
    super(EXIT.HOST, said, detail);
  }
}

/** Something that this installation lacks. */
export class InstallError extends StartError {
  constructor(said: Obstacle) {
    super(EXIT.FAILURE, said);
  }
}

/** A variable that cannot be used. */
export class SettingError extends UserError {
  readonly variable: string;
  readonly why: string;

  constructor(variable: string, why: string) {
    super(EXIT.USAGE, message('wrong_variable', { variable, problem: why }));
    this.variable = variable;
    this.why = why;
  }
}

/** Faults of a file. The first is the sentence; the others are printed below it. */
export class FileErrors extends UserError {
  readonly sentences: readonly string[];

  constructor(sentences: readonly string[]) {
    const [problem, ...others] = sentences;
    super(
      EXIT.USAGE,
      message('wrong_configuration', { problem: problem! }),
      others.length > 0 ? others.join('\n') : undefined,
    );
    this.sentences = sentences;
  }
}

export const usageError = (problem: string) => new UserError(EXIT.USAGE, message('wrong_option', { problem }));

/** The system's own words for a failed call, without the path and the call's name: "no such file or directory". */
export function systemWords(error: unknown): string {
  // Node.js refuses such a path by itself, and quotes it: it may be a secret in the wrong place.
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_INVALID_ARG_VALUE')
    return 'no path has a NUL character';
  const unnamed = unnamedSystemError(error);
  if (unnamed !== undefined) return unnamed[1];
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^E[A-Z0-9]+: /, '').replace(/, \w+( '.*')?$/s, '');
}

/** The name of a failed call's error: `ENOENT`. */
export const systemName = (error: NodeJS.ErrnoException): string =>
  unnamedSystemError(error)?.[0] ?? error.code ?? 'error';
