// SPDX-License-Identifier: Apache-2.0
import type { Level } from './entry.ts';
import { type Code, type FieldsOf, MESSAGES } from './table.ts';

/** Something that the agent tells people: on standard error, in a log, or as an error. */
export interface Message {
  code: Code;
  level: Level;
  /** All of it: one sentence, or more. */
  text: string;
  /** The sentences without the last one, which says what to do, where that one depends on the host. */
  why: string;
  todo?: string;
  fields: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A message that keeps apart what is wrong and what to do. */
export interface Obstacle extends Message {
  todo: string;
}

/** A message of the table, with its values. @param todo what to do, where the table's text does not say it */
export function message<C extends Code>(code: C, fields: FieldsOf<C>, todo: string): Obstacle;
export function message<C extends Code>(code: C, fields: FieldsOf<C>, todo?: string): Message;
export function message(code: Code, fields: Fields, todo?: string): Message {
  const { level, text } = MESSAGES[code];
  const why = text.replace(/\{(\w+)\}/g, (_, name: string) => String(fields[name]));
  if (todo === undefined) return { code, level, text: why, why, fields };
  return { code, level, text: `${why} ${todo}`, why, todo, fields };
}
