// SPDX-License-Identifier: Apache-2.0
/** Text for a terminal. */

/** Replaces what may move the cursor or reverse the text: names of threads and lines of recordings come from outside. */
export function printable(text: string): string {
  return text.replace(MOVES, '?');
}

/** The same for JSON, where nothing is lost: these characters are written as \uXXXX. */
export function printableJson(json: string): string {
  return json.replace(MOVES, (character) =>
    character === '\n' ? character : [...Array(character.length).keys()].map((i) => escaped(character, i)).join(''),
  );
}

const MOVES = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const escaped = (text: string, at: number) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;

/** The most characters of another program's words within a message. */
const MAX_EXCERPT = 300;

/**
 * Words of a collector, a library or a file for use within a sentence: one printable line of bounded length. Without a full
 * stop at the end, as the sentence has its own.
 */
export function excerpt(text: string, most = MAX_EXCERPT): string {
  // Bounded before anything looks at each character: there may be megabytes of it.
  const line = printable(text.slice(0, 4 * most).replace(/\s+/g, ' ')).trim();
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most).join('')}...` : line.replace(/\.+$/, '');
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
