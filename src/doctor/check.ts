// SPDX-License-Identifier: Apache-2.0
import { EXIT, type ExitCode } from '../errors.ts';

/** The result of one check. Each text is one line. */
export type Finding =
  | { status: 'ok'; why: string }
  /** `run` works, but something is missing. */
  | { status: 'warn'; why: string; todo: string }
  /** `run` would not start: it would print the same two texts, and end with this code. */
  | { status: 'fail'; why: string; todo: string; exitCode: ExitCode };

/** A finding with the stable id of its check. */
export type Check = { id: string } & Finding;

/** One row of the list of checks. */
export interface Topic {
  id: string;
  /** What the check reports, for the documentation. */
  about: string;
  examine(): Finding | Promise<Finding>;
}

export const ok = (why: string): Finding => ({ status: 'ok', why });
export const warn = (why: string, todo: string): Finding => ({ status: 'warn', why, todo });
export const fail = (why: string, todo: string, exitCode: ExitCode = EXIT.HOST): Finding => ({
  status: 'fail',
  why,
  todo,
  exitCode,
});
