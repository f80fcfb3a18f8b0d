// SPDX-License-Identifier: Apache-2.0
import type { Option } from '../../src/cli/options.ts';
import { clause, type Program, takesFile, valuesOf } from './values.ts';

/** Completion in fish. */
export function fishCompletion({ name, commands }: Program): string {
  const isIn = `__${name}_is_in`;
  const complete = (condition: string, ...words: readonly string[]) =>
    `complete --command ${name} --condition ${quoted(condition)} ${words.join(' ')}`;

  const named = commands.length === 1 ? [] : commands;
  const first = named.map(({ name: command, purpose }) =>
    complete('__fish_is_first_token', `--arguments ${command}`, `--description ${quoted(purpose)}`),
  );
  const files = named.filter(takesFile).map((command) => complete(`${isIn} ${command.name}`, '--force-files'));

  // One line for the commands that share an option.
  const rows = commands.flatMap(({ options, name: command }) => options.map((option) => ({ option, command })));
  const shared = Map.groupBy(rows, ({ option }) => `${option.name} ${clause(option)}`);
  const options = [...shared.values()].flatMap((same) => {
    const { option } = same[0]!;
    const condition = `${isIn} ${same.map(({ command }) => command).join(' ')}`;
    const names = [...(option.short ? [`--short-option ${option.short}`] : []), `--long-option ${option.name}`];
    return values(option).map(([more, value]) =>
      complete(condition + more, ...names, ...value, `--description ${quoted(clause(option))}`),
    );
  });

  return `# SPDX-License-Identifier: Apache-2.0
# Completion of ${name} in fish; made from its tables of options.

# Whether the command line is of one of these commands.
function ${isIn}
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    set --local command ${commands[0]!.name}
    contains -- "$words[2]" ${commands.map(({ name: command }) => command).join(' ')}
    and set command $words[2]
    contains -- $command $argv
end

complete --command ${name} --no-files
${[...first, ...files, ...options].join('\n')}
`;
}

const ALWAYS = '';
const AFTER_COLON = '; and string match --quiet "*:*" -- (commandline --current-token)';
const BEFORE_COLON = AFTER_COLON.replace('and', 'and not');

/** What completes the value of an option, each with a further condition. */
function values(option: Option): [condition: string, words: string[]][] {
  if (option.argument === undefined) return [[ALWAYS, []]];
  const completes = valuesOf(option);
  const files = ['--require-parameter', '--force-files'];
  const offer = (code: string) => ['--exclusive', `--arguments ${quoted(code)}`];
  switch (completes.kind) {
    case 'file':
      return [[ALWAYS, files]];
    case 'folder':
      return [[ALWAYS, offer('(__fish_complete_directories)')]];
    case 'process':
      return [[ALWAYS, offer('(__fish_complete_pids)')]];
    case 'user':
      return [[ALWAYS, offer('(__fish_complete_users)')]];
    case 'nothing':
      return [[ALWAYS, ['--exclusive']]];
    case 'words':
      return [[ALWAYS, offer(completes.words.join(' '))]];
    case 'list':
      return [[ALWAYS, offer(`(__fish_complete_list , 'string split " " "${completes.words.join(' ')}"')`)]];
    case 'words-or-file':
      return [
        [BEFORE_COLON, offer(completes.words.join(' '))],
        [AFTER_COLON, files],
      ];
  }
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
