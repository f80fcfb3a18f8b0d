// SPDX-License-Identifier: Apache-2.0

/** What one look at the host came to. Each text is one line. */
export type Finding =
  | { status: 'ok'; why: string }
  /** `warn`: it runs, but with something missing. `fail`: `run` would not start, and says `why` and `todo` itself. */
  | { status: 'warn' | 'fail'; why: string; todo: string };

/** A finding with the stable name of what was looked at. */
export type Check = { id: string } & Finding;

/** One row of the list of checks. */
export interface Topic {
  id: string;
  /** What it tells, for the documentation. */
  about: string;
  examine(): Finding | Promise<Finding>;
}

export const ok = (why: string): Finding => ({ status: 'ok', why });
export const warn = (why: string, todo: string): Finding => ({ status: 'warn', why, todo });
export const fail = (why: string, todo: string): Finding => ({ status: 'fail', why, todo });
