// SPDX-License-Identifier: Apache-2.0

/** The result of one check. Each text is one line. */
export type Finding =
  | { status: 'ok'; why: string }
  /** `warn`: `run` works, but something is missing. `fail`: `run` would not start, and would print the same two texts. */
  | { status: 'warn' | 'fail'; why: string; todo: string };

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
export const fail = (why: string, todo: string): Finding => ({ status: 'fail', why, todo });
