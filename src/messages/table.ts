// SPDX-License-Identifier: Apache-2.0
import { DELIVERY } from './delivery.ts';
import type { Entries } from './entry.ts';
import { HOST } from './host.ts';
import { RUN } from './run.ts';

/** Every message of the agent, by its code. Few files, as each takes half a millisecond of every start. */
export const MESSAGES = { ...RUN, ...HOST, ...DELIVERY } as const satisfies Entries;

export type Code = keyof typeof MESSAGES;

/** The names in braces. */
type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** The values that a message needs. It may have more, which only machines read. */
export type FieldsOf<C extends Code> = Readonly<Record<Names<(typeof MESSAGES)[C]['text']>, string | number>> &
  Readonly<Record<string, unknown>>;
