// SPDX-License-Identifier: Apache-2.0

/**
 * The lines of a stream of UTF-8 text, without a byte order mark. A line that is longer than `longest` characters is cut:
 * what comes is longer than that, but need not be all of it. node:readline also ends a line at U+2028, which JSON does not
 * escape and a thread's name may have.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let line = '';
  for await (const chunk of chunks) {
    const [first, ...parts] = decoder.decode(chunk, { stream: true }).split('\n');
    if (line.length <= longest) line += first;
    for (const part of parts) {
      yield line;
      line = part;
    }
  }
  line += decoder.decode();
  if (line !== '') yield line;
}
