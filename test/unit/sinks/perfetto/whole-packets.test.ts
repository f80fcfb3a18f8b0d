// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { it, type TestContext } from 'node:test';
import { messages } from '../../../../src/protobuf/reader.ts';
import { OutputFile } from '../../../../src/sinks/output-file.ts';
import { perfettoPackets } from '../../../../src/sinks/perfetto/trace.ts';
import { endPacket } from '../../../../src/sinks/perfetto/whole-packets.ts';
import { events, temporaryFolder } from '../../fixtures.ts';

const trace = Buffer.concat(perfettoPackets()(events(3)).texts.map((bytes) => Buffer.from(bytes)));
const packets = messages(trace, 1);

function mended(t: TestContext, content: Uint8Array): Buffer {
  const path = temporaryFolder(t)('trace');
  writeFileSync(path, content);
  const file = openSync(path, 'a');
  try {
    endPacket(path, file);
  } finally {
    closeSync(file);
  }
  return readFileSync(path);
}

/** With its tag and its length. */
const packetLength = ({ length }: Uint8Array) => 1 + (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3) + length;

it('whole packets stay, and one that is not whole goes, wherever it was cut', (t) => {
  for (let length = 0; length <= trace.length; length += length > 300 ? 97 : 1) {
    const left = mended(t, trace.subarray(0, length));
    const whole = messages(left, 1);
    assert.deepEqual(whole, packets.slice(0, whole.length));
    const next = packets[whole.length];
    if (next) assert.ok(length - left.length < next.length + 11);
  }
  assert.deepEqual(mended(t, trace), trace);
});

it('of a file that is larger than what is read at once, too', (t) => {
  const large = Buffer.concat(Array.from({ length: Math.ceil(300_000 / trace.length) }, () => trace));
  const cut = large.subarray(0, large.length - 5);
  const left = mended(t, cut);
  assert.deepEqual(mended(t, large), large);
  assert.deepEqual(left, large.subarray(0, large.length - packetLength(packets.at(-1)!)));
});

it('another file is refused, and not touched', (t) => {
  const path = temporaryFolder(t)('notes.txt');
  writeFileSync(path, 'not a trace');
  const file = new OutputFile(path, undefined, endPacket);
  assert.throws(() => file.mend(), /not a Perfetto trace/);
  assert.equal(readFileSync(path, 'utf8'), 'not a trace');
});
