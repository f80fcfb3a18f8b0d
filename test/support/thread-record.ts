// SPDX-License-Identifier: Apache-2.0
/** The record that a thread publishes (OTEP 4947). */

export interface Span {
  traceId: string;
  spanId: string;
}

/** @param attributes indexes in the process context's map of keys, with values */
export function record(
  { traceId, spanId }: Span,
  attributes: readonly (readonly [index: number, value: string | Buffer])[] = [],
): Buffer {
  const entries = attributes.map(([index, value]) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([index, bytes.length]), bytes]);
  });
  const header = Buffer.alloc(28);
  header.write(traceId + spanId, 'hex');
  header.set([1, 1], 24);
  const data = Buffer.concat(entries);
  header.writeUInt16LE(data.length, 26);
  return Buffer.concat([header, data]);
}
