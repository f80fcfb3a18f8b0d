// SPDX-License-Identifier: Apache-2.0
/** What completes, for all shells. */
import { COMMANDS, type Command, RUN } from '../../src/cli/commands.ts';
import { SNOOP } from '../../src/cli/compactsnoop-options.ts';
import type { Option } from '../../src/cli/options.ts';

/** A program, and its commands; the first is the one that runs when none is named. */
export interface Program {
  name: string;
  commands: readonly Command[];
}

export const PROGRAMS: readonly Program[] = [
  { name: 'compactstall', commands: [RUN, ...COMMANDS] },
  { name: 'compactsnoop', commands: [SNOOP] },
];

/** What completes the value of an option. */
export type Values =
  | { kind: 'words' | 'list' | 'words-or-file'; words: readonly string[] }
  | { kind: 'file' | 'folder' | 'process' | 'user' | 'nothing' };

/** By the placeholder of the value. */
const KINDS: Readonly<Record<string, 'file' | 'folder' | 'process' | 'user' | 'nothing'>> = {
  FILE: 'file',
  PATH: 'file',
  DIR: 'folder',
  PID: 'process',
  NAME: 'user',
  SECONDS: 'nothing',
  TIME: 'nothing',
  AGE: 'nothing',
  BYTES: 'nothing',
  N: 'nothing',
  URL: 'nothing',
  HOST: 'nothing',
  ADDRESS: 'nothing',
};

export function valuesOf({ name, argument, parse }: Option): Values {
  const words = parse?.choices ?? parse?.words;
  if (words !== undefined) {
    const kind = parse?.list ? 'list' : words.some((word) => word.endsWith(':')) ? 'words-or-file' : 'words';
    return { kind, words };
  }
  const kind = KINDS[argument!];
  if (kind === undefined) throw new Error(`what completes ${argument}, the value of --${name}?`);
  return { kind };
}

/** Whether a command takes a file or a folder besides its options. */
export const takesFile = ({ usage }: Command): boolean => /^(?:FILE|DIR)\b/.test(usage);

/** The first clause of the help. */
export const clause = ({ help }: Option): string => help.split(/[:;.] | \(/, 1)[0]!;
