// SPDX-License-Identifier: Apache-2.0

/** What the agent makes of a part of the configuration file. */
export type Row = {
  /** Keys from the root, joined by dots; `[]` is any item of a list. */
  path: string;
  /** The key counts without a value, too. */
  presence?: true;
} & (Honoured | Refused | Unused);

interface Honoured {
  kind: 'honoured';
  /** The variables that it becomes. */
  variables: readonly string[];
  /** How it differs from the standard, for the documentation. */
  note?: string;
  /** The variables with their values. Throws CannotHonour. */
  translate(value: unknown): Record<string, string>;
  /** The keys below have rows, too. */
  into?: true;
  /** What several places say is joined. */
  list?: true;
}

/** A file with it is refused. */
interface Refused {
  kind: 'refused';
  why: string;
}

/** It has no meaning for the agent, whatever it says. */
interface Unused {
  kind: 'unused';
  why: string;
}

/** A value that the agent cannot honour, in a part that it otherwise honours. */
export class CannotHonour extends Error {}

/** A value that a variable takes as it is. */
export const scalar = (path: string, variable: string, note?: string): Row => ({
  path,
  kind: 'honoured',
  variables: [variable],
  ...(note !== undefined && { note }),
  translate: (value) => ({ [variable]: String(value) }),
});

/** A word for which the variable has another. */
export const word = (
  path: string,
  variable: string,
  translated: (word: string) => string | undefined,
  note?: string,
): Row => ({
  path,
  kind: 'honoured',
  variables: [variable],
  ...(note !== undefined && { note }),
  translate: (value) => ({ [variable]: translated(String(value)) ?? String(value) }),
});

/** A setting that the agent cannot change, which may be given as it is. */
export const fixed = (path: string, allowed: string | boolean, why: string): Row => ({
  path,
  kind: 'honoured',
  variables: [],
  note: `\`${allowed}\` only: ${why}`,
  translate: (value) => {
    if (value !== allowed) throw new CannotHonour(`${why}; use ${allowed}, or leave it out`);
    return {};
  },
});

/** A list in the form of the variable, to which several rows may add. */
export const list = (path: string, variable: string, translated: (value: unknown) => string, note?: string): Row => ({
  path,
  kind: 'honoured',
  variables: [variable],
  ...(note !== undefined && { note }),
  list: true,
  translate: (value) => ({ [variable]: translated(value) }),
});

/** A key that names a component: it counts without a value, too. */
export const present = (row: Row): Row => ({ ...row, presence: true });
