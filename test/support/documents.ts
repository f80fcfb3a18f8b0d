// SPDX-License-Identifier: Apache-2.0
/** The commands in the documents, for readers to type. */
import { globSync, readFileSync } from 'node:fs';

export const ROOT = new URL('../../', import.meta.url).pathname;

/** The documents of which every ```sh block is read. */
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'ARCHITECTURE.md',
  'examples/README.md',
  'packaging/**/*.md',
  'docs/**/*.md',
];
/** The documents of which commands between backticks are also read, such as those of a table. */
const INLINE = ['README.md', 'examples/README.md'];

export interface Documented {
  /** The command on one line, without its comment. */
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

/** A line that ends with a backslash continues in the next one. Two blanks and a # begin a comment. */
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
