// SPDX-License-Identifier: Apache-2.0
/** The language of manual pages, man(7), as far as these pages need it. */

/** Options in bold, with dashes that a reader can copy. A sentence has its own line, and none is taken for a request. */
export function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replace(/(?<![\w-])(--?[A-Za-z][\w-]*)/g, (option) => bold(option))
    .replaceAll('. ', '.\n')
    .replace(/^(?=[.'])/gm, '\\&');
}

export const bold = (word: string): string => `\\fB${dashes(word)}\\fR`;
export const italic = (word: string): string => `\\fI${dashes(word)}\\fR`;
const dashes = (word: string): string => word.replaceAll('-', '\\-');

export const section = (title: string, ...paragraphs: readonly string[]): string =>
  `.SH ${title}\n${paragraphs.join('.PP\n')}`;

export const paragraph = (line: string): string => `${line}\n`;

/** A list of terms and their meanings, both as roff. */
export const list = (rows: readonly (readonly [term: string, meaning: string])[]): string =>
  rows.map(([term, meaning]) => `.TP\n${term}\n${meaning}\n`).join('');
