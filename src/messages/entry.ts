// SPDX-License-Identifier: Apache-2.0
export type Level = 'error' | 'warn' | 'info' | 'debug';

/** One message. Its key is its code, which never changes. docs/troubleshooting.md is made from it. */
export interface Entry {
  /** `error`: the command ends, or something is lost. `warn`: something is missing or slow. */
  level: Level;
  /** With the names of its values in braces. */
  text: string;
  /** The sentence that follows says what to do, as that depends on the host. */
  more?: true;
  /** Why the agent says it; Markdown. */
  cause: string;
  /** What to do about it; Markdown. */
  remedy: string;
}

export type Entries = Readonly<Record<string, Entry>>;
