// SPDX-License-Identifier: Apache-2.0
import type { Command } from '../../src/cli/commands.ts';
import type { Option } from '../../src/cli/options.ts';
import { type Program, takesFile, valuesOf } from './values.ts';

/** Completion in bash, with functions of the package bash-completion. */
export function bashCompletion({ name, commands }: Program): string {
  const [first, ...others] = commands as [Command, ...Command[]];
  /** What completes the value after an option, where it means the same in all commands, as most do; and where a later command differs. */
  const general = new Map<string, string>();
  const special: string[] = [];
  for (const command of commands) {
    for (const option of command.options.filter(({ argument }) => argument)) {
      const code = reply(option);
      for (const word of dashed(option)) {
        if (!general.has(word)) general.set(word, code);
        else if (general.get(word) !== code) special.push(arm([`${command.name}:${word}`], code));
      }
    }
  }
  const arms = [...Map.groupBy(general, ([, code]) => code)].map(([code, words]) =>
    arm(
      words.map(([word]) => word),
      code,
    ),
  );
  const ofCommand = others.map((command) => `${command.name})\n    options='${offered(command)}'\n    ;;`);
  return `# SPDX-License-Identifier: Apache-2.0
# Completion of ${name} in bash; made from its tables of options.

_${name}() {
    local cur prev words cword split
    _init_completion -s -n : || return

${special.length === 0 ? '' : `    case \${words[1]}:$prev in\n${indent(special)}\n    esac\n`}    case $prev in
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

const arm = (words: readonly string[], code: string): string =>
  `${words.join(' | ')})\n${`${code}return`.replace(/^/gm, '    ')}\n    ;;`;

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
