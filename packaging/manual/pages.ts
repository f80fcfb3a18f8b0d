// SPDX-License-Identifier: Apache-2.0
/** The manual pages, from the tables of commands and options. */
import { COMMANDS, type Command, ENVIRONMENT, EXIT_CODES, RUN, SIGNALS } from '../../src/cli/commands.ts';
import { SNOOP, SNOOP_EXAMPLES } from '../../src/cli/compactsnoop-options.ts';
import { type Option, shownArgument } from '../../src/cli/options.ts';
import { VERSION } from '../../src/version.ts';
import { bold, italic, list, paragraph, section, text } from './roff.ts';

const AGENT = 'compactstall';

/**
 * The pages of section 1, by name. Each command has its own, as `man compactstall doctor` looks for compactstall-doctor.
 * @param date of the sources
 */
export function manualPages(date: Date): ReadonlyMap<string, string> {
  const day = date.toISOString().slice(0, 10);
  const pages = [agent(), ...COMMANDS.map(command), snoop()];
  return new Map(pages.map(([name, ...sections]) => [name, [head(name, day), ...sections].join('')]));
}

type Page = [name: string, ...sections: string[]];

const head = (name: string, day: string): string =>
  `.\\" SPDX-License-Identifier: Apache-2.0
.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 ${day} "${AGENT} ${VERSION}" "User Commands"
`;

function agent(): Page {
  const synopsis = [
    `${bold(AGENT)} [${bold(RUN.name)}] ${usage(RUN)}`,
    ...COMMANDS.map((each) => `${bold(AGENT)} ${bold(each.name)} ${usage(each)}`),
  ];
  return [
    AGENT,
    section('NAME', paragraph(`${AGENT} \\- ${RUN.purpose}`)),
    section('SYNOPSIS', synopsis.map(paragraph).join('.br\n')),
    section('DESCRIPTION', paragraph(text(RUN.description))),
    section('COMMANDS', list([RUN, ...COMMANDS].map(({ name, purpose }) => [bold(name), text(purpose)]))),
    section('OPTIONS', options(RUN.options)),
    section('ENVIRONMENT', paragraph(text(ENVIRONMENT))),
    section('SIGNALS', paragraph(text(SIGNALS))),
    EXIT_STATUS,
    seeAlso([...COMMANDS.map(pageName), SNOOP.name]),
  ];
}

function command(each: Command): Page {
  const name = pageName(each);
  return [
    name,
    section('NAME', paragraph(`${name.replaceAll('-', '\\-')} \\- ${each.purpose}`)),
    section('SYNOPSIS', paragraph(`${bold(AGENT)} ${bold(each.name)} ${usage(each)}`)),
    section('DESCRIPTION', paragraph(text(each.description))),
    section('OPTIONS', options(each.options)),
    EXIT_STATUS,
    seeAlso([AGENT]),
  ];
}

function snoop(): Page {
  return [
    SNOOP.name,
    section('NAME', paragraph(`${SNOOP.name} \\- ${SNOOP.purpose}`)),
    section('SYNOPSIS', paragraph(`${bold(SNOOP.name)} ${usage(SNOOP)}`)),
    section('DESCRIPTION', paragraph(text(SNOOP.description))),
    section('OPTIONS', options(SNOOP.options)),
    section('EXAMPLES', list(SNOOP_EXAMPLES.map(([words, shows]) => [bold(words), text(shows)]))),
    EXIT_STATUS,
    seeAlso([AGENT]),
  ];
}

const pageName = ({ name }: Command): string => `${AGENT}-${name}`;

/** Placeholders are in capitals. */
const usage = (each: Command): string => text(each.usage).replace(/\b[A-Z]{2,}\b/g, italic);

function options(table: readonly Option[]): string {
  return list(table.map((option) => [terms(option), text(option.help)]));
}

function terms(option: Option): string {
  const { short, name } = option;
  const argument = shownArgument(option);
  const words = [...(short ? [`-${short}`] : []), `--${name}`];
  return words.map((word) => (argument ? `${bold(word)} ${italic(argument)}` : bold(word))).join(', ');
}

const EXIT_STATUS = section(
  'EXIT STATUS',
  list(EXIT_CODES.map(([code, meaning]) => [bold(String(code)), text(meaning)])),
);

const seeAlso = (names: readonly string[]): string =>
  section('SEE ALSO', paragraph(names.map((name) => `${bold(name)}(1)`).join(', ')));
