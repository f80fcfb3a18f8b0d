// SPDX-License-Identifier: Apache-2.0

/**
 * The lines of a stream of UTF-8 text, without a byte order mark: for each chunk those that end in it, which may be none. A line that is longer
 * than `longest` characters is cut: what comes is longer than that, but need not be all of it. node:readline also ends a line at U+2028,
 * which JSON does not escape and a thread's name may have.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let line = '';
  for await (const chunk of chunks) {
    const [first, ...parts] = decoder.decode(chunk, { stream: true }).split('\n');
    if (line.length <= longest) line += first;
    const lines: string[] = [];
    for (const part of parts) {
      lines.push(line);
      line = part;
    }
    yield lines;
  }
  line += decoder.decode();
  if (line !== '') yield [line];
}
