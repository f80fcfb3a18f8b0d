// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { closest } from '../closest.ts';
import { usageError } from '../errors.ts';
import { wrap } from '../terminal.ts';

/** One row of a command's table of options: it feeds parsing, `--help` and the documentation. */
export interface Option<T = unknown> {
  /** Long name, without dashes. */
  name: string;
  short?: string;
  /** Placeholder of the argument; absent for a flag. */
  argument?: string;
  /** The option may be given more than once; its value is a list. */
  repeatable?: boolean;
  help: string;
  parse?: Parser<T>;
  /** What counts without the option, in the form of an argument. */
  default?: string;
  /** What it comes to without the option, for `compactstall config`, where no argument has the same meaning. */
  without?: string;
  /** What it comes to when it is given without its argument; absent where it needs one. */
  bare?: string;
  /** It cannot be set in the configuration file. */
  inFile?: false;
}

/** Checks and converts one argument. Throws a usage error that begins with the option. */
export interface Parser<T> {
  (text: string, option: string): T;
  /** All values that it takes, if they are a few words. */
  choices?: readonly string[];
  /** What a shell completes, if it takes more than these words. One that ends with a colon goes on with a file. */
  words?: readonly string[];
  /** It takes a comma-separated list. */
  list?: boolean;
}

type ValueOf<O extends Option> = O extends { argument: string; parse: (...a: never[]) => infer T }
  ? O extends { repeatable: true }
    ? T[]
    : T
  : boolean;

/** Values by option name; an option that was not given is absent. */
export type Values<Options extends readonly Option[]> = {
  [O in Options[number] as O['name']]?: ValueOf<O>;
};

/** The values in force: with the default of an option that was not given. */
export type InForce<Options extends readonly Option[]> = Values<Options> & {
  [O in Extract<Options[number], { default: string }> as O['name']]: ValueOf<O>;
};

/** What an option comes to when it is not given, as text; undefined where that is nothing. */
export const textWithout = ({ argument, default: text, without }: Option): string | undefined =>
  argument === undefined ? 'false' : (text ?? without);

/** Adds the defaults. */
export function withDefaults<const Options extends readonly Option[]>(
  options: Options,
  values: Values<Options>,
): InForce<Options> {
  const defaults = options.flatMap(({ name, default: text, repeatable, parse }) => {
    if (text === undefined) return [];
    const value = parse!(text, `--${name}`);
    return [[name, repeatable ? [value] : value]];
  });
  return { ...Object.fromEntries(defaults), ...values };
}

/** Parses and checks arguments. Throws a usage error that names the command's help. @returns also the texts, by option name */
export function parseOptions<const Options extends readonly Option[]>(
  command: string,
  options: Options,
  args: readonly string[],
): { values: Values<Options>; positionals: string[]; texts: ReadonlyMap<string, string[]> } {
  const config = Object.fromEntries(
    options.map(({ name, short, argument }) => [
      name,
      { type: argument ? ('string' as const) : ('boolean' as const), multiple: true, ...(short && { short }) },
    ]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: withBare(options, args), options: config, allowPositionals: true, strict: true });
  } catch (error) {
    const sentence = firstSentence((error as Error).message);
    const [, unknown] = /^unknown option '(--[^']+)'$/.exec(sentence) ?? [];
    const names = options.map(({ name }) => `--${name}`);
    const meant = unknown === undefined ? undefined : closest(unknown, names);
    throw usageError(`${sentence}${meant === undefined ? '.' : `; did you mean ${meant}?`} See ${command} --help.`);
  }
  const values: Record<string, unknown> = {};
  const texts = new Map<string, string[]>();
  for (const option of options) {
    const given = parsed.values[option.name] as (string | boolean)[] | undefined;
    if (!given) continue;
    texts.set(option.name, given.map(String));
    if (!option.argument) {
      values[option.name] = true;
      continue;
    }
    const checked = given.map((text) => option.parse!(text as string, `--${option.name}`));
    if (!option.repeatable && checked.length > 1) {
      throw usageError(`--${option.name} was given ${checked.length} times; give it once. See ${command} --help.`);
    }
    values[option.name] = option.repeatable ? checked : checked[0];
  }
  return { values: values as Values<Options>, positionals: parsed.positionals, texts };
}

/** Adds the argument that an option may be given without: a word that begins with a dash, or none, is not its argument. */
function withBare(options: readonly Option[], args: readonly string[]): string[] {
  const bare = new Map(options.map((option) => [`--${option.name}`, option.bare]));
  return args.map((arg, i) => {
    const text = bare.get(arg);
    return text !== undefined && (args[i + 1] ?? '-').startsWith('-') ? `${arg}=${text}` : arg;
  });
}

/** The placeholder of the argument, as help and manual show it. */
export const shownArgument = ({ argument, bare }: Option): string | undefined =>
  argument !== undefined && bare !== undefined ? `[${argument}]` : argument;

/** Shortens Node's `Unknown option '--x'. To specify a positional ...`. */
function firstSentence(message: string): string {
  const [first] = message.split(/\.(?:\s|$)/);
  return first!.charAt(0).toLowerCase() + first!.slice(1);
}

/** The options as two columns, at most 80 characters wide. */
export function formatOptions(options: readonly Option[]): string {
  const left = (o: Option) =>
    `  ${o.short ? `-${o.short},` : '   '} --${o.name}${o.argument ? ` ${shownArgument(o)}` : ''}`;
  const indent = 28;
  return options
    .map((option) => {
      const head = left(option);
      const lines = wrap(option.help, 80 - indent);
      const own = head.length + 1 > indent ? `${head}\n${' '.repeat(indent)}` : head.padEnd(indent);
      return own + lines.join(`\n${' '.repeat(indent)}`);
    })
    .join('\n');
}
