// SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../../src/messages/entry.ts';
import { type Code, MESSAGES } from '../../src/messages/table.ts';

/** A row that this writes: it begins with the code of a message. */
const ROW = /^\| `([a-z0-9_]+)`(?::|\s*\|).*$/;

/**
 * docs/troubleshooting.md with the rows of all messages as the table of messages has them. People write everything else in it, and decide
 * where a row stands. Throws for a message without a row, or with two, and for a row without a message.
 */
export function troubleshootingDoc(document: string): string {
  const missing = new Set(Object.keys(MESSAGES));
  const lines = document.split('\n').map((line) => {
    const code = ROW.exec(line)?.[1];
    if (code === undefined || !isCode(code)) return line;
    if (!missing.delete(code)) throw new Error(`docs/troubleshooting.md has two rows for ${code}; keep one.`);
    return rowOf(code);
  });
  if (missing.size > 0) {
    throw new Error(`docs/troubleshooting.md has no row for ${[...missing].join(', ')}; add one: | \`CODE\`: |`);
  }
  return lines.join('\n');
}

const isCode = (code: string): code is Code => Object.hasOwn(MESSAGES, code);

function rowOf(code: Code): string {
  const { text, more, cause, remedy }: Entry = MESSAGES[code];
  const shown = (text.replace(/\{\w+\}/g, '...') + (more ? ' ...' : '')).replace(/\.\.\. \.\.\.$/, '...');
  // A text that is all values says nothing here.
  const first = /^[. ]+$/.test(shown) ? `\`${code}\`` : `\`${code}\`: \`${shown}\``;
  return `| ${[first, cause, remedy].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
