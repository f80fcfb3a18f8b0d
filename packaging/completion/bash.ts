// SPDX-License-Identifier: Apache-2.0
import type { Command } from '../../src/cli/commands.ts';
import type { Option } from '../../src/cli/options.ts';
import { type Program, takesFile, valuesOf } from './values.ts';

/** Completion in bash, with functions of the package bash-completion. */
export function bashCompletion({ name, commands }: Program): string {
  const [first, ...others] = commands as [Command, ...Command[]];
  const withValue = commands.flatMap(({ options }) => options.filter(({ argument }) => argument));
  // An option means the same in all commands.
  const byName = new Map(withValue.map((option) => [option.name, option]));
  const arms = [...Map.groupBy(byName.values(), reply)].map(
    ([code, options]) => `${options.flatMap(dashed).join(' | ')})\n${`${code}return`.replace(/^/gm, '    ')}\n    ;;`,
  );
  const ofCommand = others.map((command) => `${command.name})\n    options='${offered(command)}'\n    ;;`);
  return `# SPDX-License-Identifier: Apache-2.0
# Completion of ${name} in bash; made from its tables of options.

_${name}() {
    local cur prev words cword split
    _init_completion -s -n : || return

    case $prev in
${indent(arms)}
    esac
    # A flag with a value.
    $split && return

    local options='${offered(first)}'
${
  others.length === 0
    ? ''
    : `    if ((cword == 1)); then
        [[ $cur == -* ]] || options='${commands.map((command) => command.name).join(' ')}'
    else
        case \${words[1]} in
${indent(ofCommand, 12)}
        esac
        case \${words[1]} in
            ${others
              .filter(takesFile)
              .map((command) => command.name)
              .join(' | ')}) [[ $cur == -* ]] || { _filedir; return; } ;;
        esac
    fi
`
}    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
} &&
    complete -F _${name} ${name}
`;
}

const indent = (blocks: readonly string[], by = 8): string => blocks.join('\n').replace(/^/gm, ' '.repeat(by));

const dashed = ({ name, short }: Option): string[] => [...(short ? [`-${short}`] : []), `--${name}`];

const offered = ({ options }: Command): string => options.flatMap(dashed).join(' ');

/** The lines that offer the values of an option. */
function reply(option: Option): string {
  const values = valuesOf(option);
  switch (values.kind) {
    case 'file':
      return '_filedir\n';
    case 'folder':
      return '_filedir -d\n';
    case 'process':
      return '_pids\n';
    case 'user':
      return 'mapfile -t COMPREPLY < <(compgen -u -- "$cur")\n';
    case 'nothing':
      return '';
    case 'words':
      return `mapfile -t COMPREPLY < <(compgen -W '${values.words.join(' ')}' -- "$cur")\n`;
    case 'list':
      return `local before=
[[ $cur == *,* ]] && before=\${cur%,*},
mapfile -t COMPREPLY < <(compgen -P "$before" -W '${values.words.join(' ')}' -- "\${cur##*,}")
compopt -o nospace
`;
    case 'words-or-file':
      return `if [[ $cur == *:* ]]; then
    mapfile -t COMPREPLY < <(compgen -P "\${cur%%:*}:" -f -- "\${cur#*:}")
    compopt -o filenames
else
    mapfile -t COMPREPLY < <(compgen -W '${values.words.join(' ')}' -- "$cur")
    [[ \${COMPREPLY[*]} == *: ]] && compopt -o nospace
fi
__ltrim_colon_completions "$cur"
`;
  }
}
