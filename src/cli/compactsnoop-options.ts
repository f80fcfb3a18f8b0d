// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../errors.ts';
import { wrap } from '../terminal.ts';
import type { Command } from './commands.ts';
import { formatOptions, type Values } from './options.ts';
import { parsePid, parseSeconds } from './values.ts';

/** The flags of bcc's tool of the same name, and no others. */
export const SNOOP_OPTIONS = [
  { name: 'help', short: 'h', help: 'print this help' },
  { name: 'timestamp', short: 'T', help: 'seconds since the first row, in a first column' },
  { name: 'pid', short: 'p', argument: 'PID', help: 'only stalls of this process', parse: parsePid },
  { name: 'duration', short: 'd', argument: 'SECONDS', help: 'stop after this time', parse: parseSeconds },
  { name: 'kernel-stack', short: 'K', help: 'print the kernel stack under each row' },
  {
    name: 'extended_fields',
    short: 'e',
    help: 'more columns: fragmentation index, watermarks and free pages at the start',
  },
] as const;

export const SNOOP: Command = {
  name: 'compactsnoop',
  usage: '[-h] [-T] [-p PID] [-d SECONDS] [-K] [-e]',
  purpose: 'print a row for each memory compaction of the kernel',
  description:
    "Traces the kernel's memory compactions, one row each: who stalled, where, for how long, and how it ended. Needs root, or CAP_BPF and CAP_PERFMON.",
  options: SNOOP_OPTIONS,
};

export const SNOOP_EXAMPLES: readonly (readonly [command: string, shows: string])[] = [
  ['compactsnoop', 'all compactions'],
  ['compactsnoop -T', 'with timestamps'],
  ['compactsnoop -d 10', 'for 10 seconds'],
  ['compactsnoop -p 181', 'of process 181'],
  ['compactsnoop -K', 'with kernel stacks'],
  ['compactsnoop -e', 'with extended fields'],
];

export const SNOOP_HELP = `Usage: compactsnoop ${SNOOP.usage}

${wrap(SNOOP.description, 80).join('\n')}

${formatOptions(SNOOP_OPTIONS)}

examples:
${SNOOP_EXAMPLES.map(([command, shows]) => `    ${command.padEnd(22)}# ${shows}`).join('\n')}
`;

type SnoopOption = (typeof SNOOP_OPTIONS)[number];

/**
 * Parses arguments as bcc's tool does, by Python's argparse: a long option may be shortened to an unambiguous beginning, the last of
 * several values counts, and --help counts as soon as it is reached. Throws a usage error with the next step.
 */
export function parseSnoopOptions(args: readonly string[]): Values<typeof SNOOP_OPTIONS> {
  const given = new Map<SnoopOption, string | true>();
  const unexpected: string[] = [];
  const rest = [...args];
  while (rest.length > 0 && !given.has(HELP_OPTION)) {
    const word = rest.shift()!;
    if (!isOption(word)) unexpected.push(word);
    else if (word.startsWith('--')) takeLong(word);
    else takeShort(word);
  }
  if (given.has(HELP_OPTION)) return { help: true };
  if (unexpected.length > 0) {
    const [first] = unexpected;
    throw usage(isOption(first!) ? `unknown option '${first}'` : `unexpected '${first}'`);
  }
  return Object.fromEntries(
    [...given].map(([option, value]) => [
      option.name,
      'parse' in option ? option.parse(String(value), `--${option.name}`) : true,
    ]),
  );

  function takeLong(word: string): void {
    const [, beginning = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const exact = SNOOP_OPTIONS.find(({ name }) => name === beginning);
    const found = exact ? [exact] : SNOOP_OPTIONS.filter(({ name }) => beginning && name.startsWith(beginning));
    if (found.length > 1) {
      throw usage(`'--${beginning}' can be ${found.map(({ name }) => `--${name}`).join(' or ')}`);
    }
    const [option] = found;
    if (option === undefined) return void unexpected.push(word);
    if ('argument' in option) given.set(option, value ?? takeValue(option));
    else if (value === undefined) given.set(option, true);
    else throw usage(`--${option.name} takes no value`);
  }

  /** One flag, some of them together, or the last of them with its value: -T, -TK, -Tp5, -p=5. */
  function takeShort(word: string): void {
    const letters = [...word.slice(1)];
    for (const [i, letter] of letters.entries()) {
      const option = SNOOP_OPTIONS.find(({ short }) => short === letter);
      if (option === undefined) {
        if (i > 0) throw usage(`unknown option '-${letter}' in '${word}'`);
        return void unexpected.push(word);
      }
      if ('argument' in option) {
        const value = letters.slice(i + 1).join('');
        given.set(option, value === '' ? takeValue(option) : i === 0 ? value.replace(/^=/, '') : value);
        return;
      }
      given.set(option, true);
    }
  }

  function takeValue(option: SnoopOption): string {
    if (rest.length === 0 || isOption(rest[0]!)) throw usage(`--${option.name} needs a value`);
    return rest.shift()!;
  }
}

const HELP_OPTION: SnoopOption = SNOOP_OPTIONS[0];

/** A dash and a negative number are values. */
const isOption = (word: string): boolean => /^-./s.test(word) && !/^-(\d+|\d*\.\d+)$/.test(word);

const usage = (problem: string) => usageError(`${problem}. See compactsnoop --help.`);
