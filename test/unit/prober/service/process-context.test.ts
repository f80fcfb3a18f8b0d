// SPDX-License-Identifier: Apache-2.0
// Process contexts in a file instead of /proc/PID/mem; test/kernel/resource.test.ts reads real processes.
import assert from 'node:assert/strict';
import { openSync, writeSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { contextsIn } from '../../../../src/prober/service/context-mappings.ts';
import { publishedNs, readContext } from '../../../../src/prober/service/process-context.ts';
import { parseMaps } from '../../../../src/procfs/maps.ts';
import { temporaryFolder } from '../../fixtures.ts';
import { putPagemap } from './proc.ts';

const AT = 0x10000;
const PAYLOAD_AT = 0x20000;
const HEADER_LINE = '00010000-00011000 r--p 00000000 00:01 5      /memfd:OTEL_CTX (deleted)\n';
const HEAP_LINE = '00020000-00060000 rw-p 00000000 00:00 0       [heap]\n';
const MAPS = `00001000-00002000 r-xp 00000000 08:01 77  /usr/bin/summ\n${HEADER_LINE}${HEAP_LINE}`;

/** The parts that are in memory. */
const HEADER = [AT, AT + 0x1000] as const;
const HEAP = [PAYLOAD_AT, 0x60000] as const;

interface Header {
  signature?: string;
  version?: number;
  size?: number;
  published?: bigint;
  payloadAt?: bigint;
}

function header({ signature = 'OTEL_CTX', version = 2, size = 5, published = 77n, payloadAt }: Header = {}): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(signature, 'latin1');
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(size, 12);
  bytes.writeBigUInt64LE(published, 16);
  bytes.writeBigUInt64LE(payloadAt ?? BigInt(PAYLOAD_AT), 24);
  return bytes;
}

function setUp(t: TestContext) {
  const at = temporaryFolder(t);
  const memory = openSync(at('mem'), 'w+');
  const write = (bytes: Buffer, address: number) => writeSync(memory, bytes, 0, bytes.length, address);
  write(Buffer.from('hello'), PAYLOAD_AT);
  putPagemap(at(), [HEADER, HEAP]);
  return { folder: at(), write, read: (maps = MAPS) => readContext(at(), contextsIn(parseMaps(maps)!)) };
}

describe('a process context', () => {
  for (const name of ['/memfd:OTEL_CTX (deleted)', '/memfd:OTEL_CTX', '[anon:OTEL_CTX]', '[anon_shmem:OTEL_CTX]']) {
    it(`in a mapping named ${name}`, (t) => {
      const { read, write } = setUp(t);
      write(header(), AT);
      const found = read(MAPS.replace('/memfd:OTEL_CTX (deleted)', name));
      assert.deepEqual(found, { at: BigInt(AT), publishedNs: 77n, payload: Buffer.from('hello') });
    });
  }

  it('may be empty', (t) => {
    const { read, write } = setUp(t);
    write(header({ size: 0 }), AT);
    assert.equal(read()?.payload.length, 0);
  });

  it('behind a mapping that only has its name', (t) => {
    const { read, write } = setUp(t);
    write(header(), 0x50000);
    const maps = `${MAPS}00050000-00051000 rw-p 00000000 00:00 0   [anon:OTEL_CTX]\n`;
    assert.equal(read(maps)?.at, 0x50000n);
  });

  it('the time of publication, without reading it', (t) => {
    const { folder, write } = setUp(t);
    write(header({ published: 0n }), AT);
    assert.equal(publishedNs(folder, BigInt(AT)), 0n);
    write(header({ published: 78n }), AT);
    assert.equal(publishedNs(folder, BigInt(AT)), 78n);
    assert.equal(publishedNs(folder, 0x3000n), 'away');
    write(Buffer.from('something else, as long as a header'), AT);
    assert.equal(publishedNs(folder, BigInt(AT)), undefined);
    assert.equal(publishedNs('/nonexistent', BigInt(AT)), undefined);
  });
});

it('a process context in pages of any file or device', (t) => {
  const { read, write } = setUp(t);
  write(header(), AT);
  // The devices of huge pages, the data of an executable, and /dev/shm.
  for (const device of ['00:0f', '08:01', '00:1b']) {
    const maps = MAPS.replace(HEADER_LINE, HEADER_LINE.replace('00:01', device));
    assert.equal(String(read(maps.replace(HEAP_LINE, HEAP_LINE.replace('00:00', device)))?.payload), 'hello');
  }
});

describe('no process context', () => {
  const none = (what: string, change: Header, maps?: string) =>
    it(what, (t) => {
      const { read, write } = setUp(t);
      write(header(change), AT);
      assert.equal(read(maps), undefined);
    });
  none('another signature', { signature: 'OTEL_CTY' });
  none('another version', { version: 1 });
  none('while it is being changed', { published: 0n });
  none('the payload is nowhere', { payloadAt: 0x3000n });
  none('the payload begins at the end of memory', { payloadAt: 0x5fffen });
  none('the payload is at no possible address', { payloadAt: 2n ** 64n - 1n });
  none('no mapping of that name', {}, HEAP_LINE);
  none('a mapping that only ends with it', {}, MAPS.replace('/memfd:', '/tmp/memfd:'));
  none('a mapping that may not be read', {}, MAPS.replace('r--p', '--xp'));
  none('no mappings', {}, '');

  it('larger than 64 KiB', (t) => {
    const { read, write } = setUp(t);
    write(Buffer.alloc(2 ** 17), PAYLOAD_AT);
    write(header({ size: 64 * 1024 }), AT);
    assert.equal(read()?.payload.length, 64 * 1024);
    write(header({ size: 64 * 1024 + 1 }), AT);
    assert.equal(read(), undefined);
  });

  for (const [what, there] of [
    ['its header', [HEAP]],
    ['its payload', [HEADER]],
    ['the end of its payload', [HEADER, [PAYLOAD_AT, PAYLOAD_AT + 0x1000]]],
  ] as const) {
    it(`${what} is not in memory`, (t) => {
      const { folder, read, write } = setUp(t);
      const size = 0x2000;
      write(Buffer.alloc(size), PAYLOAD_AT);
      write(header({ size }), AT);
      assert.equal(read()?.payload.length, size);
      putPagemap(folder, there);
      assert.equal(read(), undefined);
    });
  }

  it('of a process that has ended', () => {
    assert.equal(readContext('/nonexistent', contextsIn(parseMaps(MAPS)!)), undefined);
  });
});
