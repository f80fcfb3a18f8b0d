// SPDX-License-Identifier: Apache-2.0
/** The commands that the documents give to be typed. */
import { globSync, readFileSync } from 'node:fs';

export const ROOT = new URL('../../', import.meta.url).pathname;

/** Every ```sh block of these is read. */
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'ARCHITECTURE.md',
  'examples/README.md',
  'docs/**/*.md',
];
/** In these also the commands between backticks, such as those of a table. */
const INLINE = ['README.md', 'examples/README.md'];

export interface Documented {
  /** On one line, without its comment. */
  command: string;
  document: string;
}

export function documentedCommands(): Documented[] {
  const documents = [...new Set(DOCUMENTS.flatMap((pattern) => globSync(pattern, { cwd: ROOT }).sort()))];
  return documents.flatMap((document) => {
    const text = readFileSync(ROOT + document, 'utf8');
    const commands = [...commandsIn(text), ...(INLINE.includes(document) ? inlineCommands(text) : [])];
    return [...new Set(commands)].map((command) => ({ command, document }));
  });
}

/** A line that ends with a backslash goes on in the next one; what follows two blanks and a # is a comment. */
export function commandsIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^ *```sh\n(.*?)^ *```/gms)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block
      .replaceAll(/ *\\\n\s*/g, ' ')
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*/, '').trim())
      .filter((line) => line !== ''),
  );
}

export function inlineCommands(markdown: string): string[] {
  const prose = markdown.replaceAll(/^ *```.*?^ *```/gms, '');
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
  return spans.filter((span) => /^(sudo|npm|node|\.\/setup\.sh) /.test(span));
}
