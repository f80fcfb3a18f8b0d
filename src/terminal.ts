// SPDX-License-Identifier: Apache-2.0
/** Text for a terminal. */

/** Replaces what may move the cursor or reverse the text: names of threads and lines of recordings come from outside. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

/** Wraps text to lines of at most `width` characters; a longer word gets a line by itself. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
