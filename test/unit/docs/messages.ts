// SPDX-License-Identifier: Apache-2.0
/** The project's messages to people: the texts of its sources, as far as they are fixed. */
import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../../', import.meta.url);
const FOLDERS = ['src/', 'native/'];
const KINDS = /(?<!\.d)\.(ts|c|cc|cpp|h)$/;
const BUILT = /(?:^|\/)(?:node_modules|build|dist)\//;

export const readText = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Values in a text are `...`, as in the documents. */
const VALUE = '...';

/** All sources, with each text in one piece. */
export function sourceTexts(wanted: (path: string) => boolean = () => true): string {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
      .map((path) => folder + path)
      .filter((path) => KINDS.test(path) && !BUILT.test(path) && wanted(path)),
  );
  return [...files.sort(), 'setup.sh'].map((path) => joined(readText(path))).join('\n');
}

/** `'one ' +\n 'two'` is one text. Inserted expressions come after the file, as they may be one of two words. */
function joined(source: string): string {
  const values: string[] = [];
  const texts = source
    .replace(/(['"`])\s*\+\s*(['"`])/g, '')
    .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}|\$\w+|%s/g, (value) => {
      values.push(value);
      return VALUE;
    });
  return [texts, ...values].join('\n');
}

/** The fixed parts of a quoted message, except short ones, which prove nothing. */
export const fixedParts = (message: string, least = 4): string[] =>
  message
    .split(VALUE)
    .map((part) => part.trim())
    .filter((part) => part.length >= least);
