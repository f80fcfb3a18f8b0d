// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The links of the documents among some files of a folder that lead to none of them. */
export function lostLinks(folder: string, files: readonly string[]): string[] {
  const leadsSomewhere = (path: string) => files.includes(path) || files.some((name) => name.startsWith(`${path}/`));
  return files
    .filter((name) => name.endsWith('.md'))
    .flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, link]) => link!)
        .filter((link) => !/^https?:/.test(link))
        .filter((link) => !leadsSomewhere(normalize(join(dirname(file), link)).replace(/\/$/, '')))
        .map((link) => `${file}: ${link}`),
    );
}
