// SPDX-License-Identifier: Apache-2.0
const texts = new WeakMap<readonly string[], string>();

/** A stack as `code.stacktrace`: one frame a line, innermost first. Equal stacks are one array, joined once. */
export function stackText(stack: readonly string[]): string {
  let text = texts.get(stack);
  if (text === undefined) {
    text = stack.join('\n');
    texts.set(stack, text);
  }
  return text;
}
