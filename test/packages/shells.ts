// SPDX-License-Identifier: Apache-2.0
/** Real shells at a terminal, in which somebody types the begin of a line and asks for what completes it. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Shell {
  /** The words that complete `typed`, where the line has `before` already. */
  complete(before: string, typed: string): Promise<string[]>;
  end(): Promise<void>;
}

/** No shell prints it by itself. */
const MARK = '\x1f';
const ALL_MATCHES = '\x07';
const SHOW_LINE = '\x14';

/** A shell whose line editor inserts all that completes a word, and then shows the line. */
class LineEditor implements Shell {
  readonly #shell: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<never>;
  #printed = '';

  constructor(command: string, env: NodeJS.ProcessEnv, cwd: string) {
    // script(1) gives it a terminal.
    this.#shell = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], { env, cwd });
    this.#shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
    });
    this.#ended = once(this.#shell, 'close').then(() => {
      throw new Error(`the shell has ended: ${this.#printed}`);
    });
    // Not a failure in itself.
    this.#ended.catch(() => {});
  }

  async complete(before: string, typed: string): Promise<string[]> {
    const shown = await this.#shown(`${before}${typed}${ALL_MATCHES}${SHOW_LINE}`);
    return shown.slice(before.length).split(' ').filter(Boolean).sort();
  }

  /** Types keys, of which the last one shows the line and empties it. */
  async #shown(keys: string): Promise<string> {
    this.#shell.stdin.write(keys);
    while (this.#printed.split(MARK).length < 3) await Promise.race([once(this.#shell.stdout, 'data'), this.#ended]);
    const [, shown, ...rest] = this.#printed.split(MARK);
    this.#printed = rest.join(MARK);
    return shown!;
  }

  async end(): Promise<void> {
    this.#shell.stdin.write('exit\r');
    await once(this.#shell, 'close');
  }
}

/** @param share where the completions are, as in /usr/share @param cwd the folder that it works in */
export function bash(share: string, cwd: string): Shell {
  const start = join(cwd, '.bashrc');
  writeFileSync(
    start,
    `. /usr/share/bash-completion/bash_completion
bind '"\\C-g": insert-completions'
show() { printf '${MARK}%s${MARK}' "$READLINE_LINE"; READLINE_LINE=; }
bind -x '"\\C-t": show'
`,
  );
  const env = { ...process.env, XDG_DATA_DIRS: share, BASH_COMPLETION_USER_DIR: join(cwd, 'none') };
  return new LineEditor(`bash --rcfile ${start} -i`, env, cwd);
}

export function zsh(share: string, cwd: string): Shell {
  writeFileSync(
    join(cwd, '.zshrc'),
    `fpath=(${share}/zsh/vendor-completions $fpath)
autoload -Uz compinit && compinit -u -D
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
bindkey '^G' all-matches
show() { print -rn -- $'\\x1f'$BUFFER$'\\x1f'; BUFFER= }
zle -N show
bindkey '^T' show
`,
  );
  return new LineEditor('zsh --no-globalrcs -i', { ...process.env, ZDOTDIR: cwd }, cwd);
}

/** fish answers without a line editor, by the same code. */
export function fish(share: string, cwd: string): Shell {
  const complete = async (before: string, typed: string) => {
    const [program] = before.split(' ');
    const script = `source ${share}/fish/vendor_completions.d/${program}.fish; complete --do-complete -- $argv`;
    const printed = execFileSync('fish', ['--no-config', '--command', script, before + typed], {
      encoding: 'utf8',
      cwd,
    });
    return printed
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t')[0]!)
      .sort();
  };
  return { complete, end: async () => {} };
}
