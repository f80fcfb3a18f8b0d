// SPDX-License-Identifier: Apache-2.0
import type { Command } from '../../src/cli/commands.ts';
import type { Option } from '../../src/cli/options.ts';
import { clause, type Program, takesFile, valuesOf } from './values.ts';

/** Completion in zsh, by its function _arguments. */
export function zshCompletion({ name, commands }: Program): string {
  return `#compdef ${name}
# SPDX-License-Identifier: Apache-2.0
# Completion of ${name} in zsh; made from its tables of options.

${commands.length === 1 ? `_arguments -s -S : ${specs(commands[0]!)}` : ofCommands(name, commands)}
`;
}

function ofCommands(name: string, commands: readonly Command[]): string {
  const [first, ...others] = commands as [Command, ...Command[]];
  return `# Words. One that ends with a colon goes on with a file.
_${name}_words_or_file() {
    if compset -P '*:'; then
        _files
    else
        compadd -- \${@:#*:}
        compadd -S '' -- \${(M)@:#*:}
    fi
}

_${name}_commands() {
    local -a commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.purpose}`)}`).join('\n')}
    )
    _describe command commands
}

_${name}() {
    local command=${first.name}
    local -a more
    if (( CURRENT == 2 )); then
        more=('1: :_${name}_commands')
    else
        case $words[2] in
            ${commands.map((each) => each.name).join(' | ')})
                command=$words[2]
                shift words
                (( CURRENT-- ))
                ;;
        esac
    fi
    case $command in
${others.map((command) => `        ${command.name}) _arguments -s -S : ${specs(command)} ;;`).join('\n')}
        *) _arguments -s -S : $more ${specs(first)} ;;
    esac
}

_${name} "$@"`;
}

function specs(command: Command): string {
  const all = [...command.options.map(spec), ...(takesFile(command) ? [quoted('1:FILE:_files')] : [])];
  return all.map((each) => `\\\n            ${each}`).join(' ');
}

/** One option: its names, its meaning, and what its value is. */
function spec(option: Option): string {
  const { name, short, argument, repeatable } = option;
  const long = argument ? `--${name}=` : `--${name}`;
  const meaning = `[${clause(option).replace(/[[\]:\\]/g, '\\$&')}]${argument ? `:${argument}:${action(option)}` : ''}`;
  if (short === undefined) return quoted(long + meaning);
  const either = `{-${short}${argument ? '+' : ''},${long}}`;
  // A name excludes the other, unless the option may be given again.
  return quoted(repeatable ? '*' : `(-${short} --${name})`) + either + quoted(meaning);
}

function action(option: Option): string {
  const values = valuesOf(option);
  switch (values.kind) {
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'process':
      return '_pids';
    case 'user':
      return '_users';
    case 'nothing':
      return ' ';
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'list':
      return `_sequence compadd - ${values.words.join(' ')}`;
    case 'words-or-file':
      return ` _compactstall_words_or_file ${values.words.join(' ').replaceAll(':', '\\:')}`;
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
