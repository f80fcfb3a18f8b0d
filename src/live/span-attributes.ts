// SPDX-License-Identifier: Apache-2.0
import type { RawAttributes } from '../enrich/context-registry.ts';

/**
 * The attributes in a thread's record: u8 index of the name, u8 length, value, and so on. The kernel's copy is bounded, so the
 * last one may be cut off; then it is left out.
 */
export function parseSpanAttributes(bytes: Buffer): RawAttributes | undefined {
  const found: [index: number, value: string][] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [index, length] = [bytes[at]!, bytes[at + 1]!];
    const start = at + 2;
    at = start + length;
    if (at > bytes.length) break;
    found.push([index, bytes.toString('utf8', start, at)]);
  }
  return found.length > 0 ? found : undefined;
}
