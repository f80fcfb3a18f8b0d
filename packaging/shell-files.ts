// SPDX-License-Identifier: Apache-2.0
/** What a shell's user expects beside the commands: manual pages, and the completion of options. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { PROGRAMS } from './completion/values.ts';
import { zshCompletion } from './completion/zsh.ts';
import { manualPages } from './manual/pages.ts';
import { sourceDate } from './source-date.ts';

/** The files by their paths in a folder such as /usr/share, where Debian's shells and man look for them. */
export function shellFiles(date: Date): ReadonlyMap<string, string> {
  return new Map([
    ...[...manualPages(date)].map(([name, page]) => [`man/man1/${name}.1`, page] as const),
    ...PROGRAMS.flatMap((program) => [
      [`bash-completion/completions/${program.name}`, bashCompletion(program)] as const,
      [`zsh/vendor-completions/_${program.name}`, zshCompletion(program)] as const,
      [`fish/vendor_completions.d/${program.name}.fish`, fishCompletion(program)] as const,
    ]),
  ]);
}

/** Writes them below that folder. */
export function writeShellFiles(share: string, date: Date): void {
  for (const [path, text] of shellFiles(date)) {
    mkdirSync(dirname(join(share, path)), { recursive: true });
    writeFileSync(join(share, path), text);
  }
}

if (import.meta.main) {
  const [share] = process.argv.slice(2);
  if (share === undefined) throw new Error('the folder is missing: node packaging/shell-files.ts FOLDER');
  writeShellFiles(share, sourceDate());
}
