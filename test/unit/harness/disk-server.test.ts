// SPDX-License-Identifier: Apache-2.0
// The disk as the emulator asks for it, by a client of NBD.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { serveDisk } from '../../../harness/machine/disk-server.ts';
import { SECTOR_BYTES, VolatileDisk } from '../../../harness/machine/volatile-disk.ts';
import { temporaryFolder } from '../fixtures.ts';

const [READ, WRITE, DISCONNECT, FLUSH, TRIM] = [0, 1, 2, 3, 4];
const HANDLE = Buffer.from('handle 1');
const ANSWER_BYTES = 16;

class Client {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes as Buffer]);
    });
  }

  static async connect(path: string): Promise<Client> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new Client(socket);
  }

  send(...parts: (string | Buffer | readonly number[])[]): void {
    this.#socket.write(Buffer.concat(parts.map((part) => Buffer.from(part as Buffer))));
  }

  async take(length: number): Promise<Buffer> {
    while (this.#received.length < length) await once(this.#socket, 'data');
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  /** Asks for one that is not known, then for the disk. @returns its size and flags */
  async negotiate(): Promise<{ bytes: bigint; flags: number }> {
    assert.equal((await this.take(18)).toString('latin1'), 'NBDMAGICIHAVEOPT\0\x01');
    this.send([0, 0, 0, 1], 'IHAVEOPT', [0, 0, 0, 8, 0, 0, 0, 0]);
    assert.equal((await this.take(20)).toString('hex'), '0003e889045565a9000000088000000100000000');
    this.send('IHAVEOPT', [0, 0, 0, 7, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0]);
    const info = await this.take(32);
    assert.equal(info.toString('hex', 0, 22), '0003e889045565a900000007000000030000000c0000');
    assert.equal((await this.take(20)).toString('hex'), '0003e889045565a9000000070000000100000000');
    return { bytes: info.readBigUInt64BE(22), flags: info.readUInt16BE(30) };
  }

  ask(command: number, offset = 0, length = 0, data = Buffer.alloc(0)): void {
    const header = Buffer.alloc(28);
    header.writeUInt32BE(0x25609513);
    header.writeUInt16BE(command, 6);
    HANDLE.copy(header, 8);
    header.writeBigUInt64BE(BigInt(offset), 16);
    header.writeUInt32BE(length, 24);
    this.send(header, data);
  }

  /** @returns the error */
  async answer(): Promise<number> {
    const answer = await this.take(ANSWER_BYTES);
    assert.equal(answer.readUInt32BE(0), 0x67446698);
    assert.deepEqual(answer.subarray(8), HANDLE);
    return answer.readUInt32BE(4);
  }

  async write(offset: number, value: number): Promise<void> {
    this.ask(WRITE!, offset, SECTOR_BYTES, Buffer.alloc(SECTOR_BYTES, value));
    assert.equal(await this.answer(), 0);
  }

  async read(offset: number): Promise<number> {
    this.ask(READ!, offset, SECTOR_BYTES);
    assert.equal(await this.answer(), 0);
    return (await this.take(SECTOR_BYTES))[0]!;
  }

  async disconnect(): Promise<void> {
    this.ask(DISCONNECT!);
    await once(this.#socket, 'close');
  }
}

async function start(t: TestContext, onChange?: () => void) {
  const path = temporaryFolder(t)('socket');
  const disk = new VolatileDisk(Buffer.alloc(8 * SECTOR_BYTES));
  const server = await serveDisk(path, disk, onChange);
  t.after(() => server.close());
  return { path, disk, server };
}

/** Loses all that no flush has covered. */
const ALL_LOST = () => 0.5;

describe('a served disk', () => {
  it('tells its size, reads and writes, and loses in a power cut what was not flushed', async (t) => {
    let changes = 0;
    const { path, disk } = await start(t, () => changes++);
    const client = await Client.connect(path);
    assert.deepEqual(await client.negotiate(), { bytes: BigInt(8 * SECTOR_BYTES), flags: 0b101 });
    await client.write(0, 1);
    client.ask(FLUSH!);
    assert.equal(await client.answer(), 0);
    await client.write(0, 2);
    await client.write(SECTOR_BYTES, 3);
    assert.deepEqual([await client.read(0), await client.read(SECTOR_BYTES)], [2, 3]);
    assert.equal(changes, 4);
    await client.disconnect();
    assert.deepEqual(disk.cut(ALL_LOST), { kept: 0, lost: 2, torn: 0 });
    assert.deepEqual([disk.read(0, 1)[0], disk.read(SECTOR_BYTES, 1)[0]], [1, 0]);
  });

  it('does not cover by a flush a write that was sent together with it', async (t) => {
    const { path, disk } = await start(t);
    const client = await Client.connect(path);
    await client.negotiate();
    const requests: Buffer[] = [];
    const { send } = client;
    client.send = (...parts) => void requests.push(...(parts as Buffer[]));
    client.ask(WRITE!, 0, SECTOR_BYTES, Buffer.alloc(SECTOR_BYTES, 1));
    client.ask(FLUSH!);
    send.call(client, ...requests);
    assert.deepEqual([await client.answer(), await client.answer()], [0, 0]);
    assert.deepEqual(disk.cut(ALL_LOST), { kept: 0, lost: 1, torn: 0 });
  });

  it('refuses what it does not know, and what is not in it', async (t) => {
    const { path } = await start(t);
    const client = await Client.connect(path);
    await client.negotiate();
    for (const [command, offset, length] of [
      [TRIM, 0, SECTOR_BYTES],
      [READ, 1, SECTOR_BYTES],
      [READ, 0, 7],
      [READ, 8 * SECTOR_BYTES, SECTOR_BYTES],
    ] as const) {
      client.ask(command!, offset, length);
      assert.equal(await client.answer(), 22);
    }
  });

  it('without power does nothing and answers nothing; with it, the next machine has what is left', async (t) => {
    let changes = 0;
    const { promise: off, resolve } = Promise.withResolvers<void>();
    const { path, disk, server } = await start(t, () => {
      changes += 1;
      if (changes < 3) return;
      server.powerOff();
      resolve();
    });
    const first = await Client.connect(path);
    await first.negotiate();
    await first.write(0, 1);
    first.ask(FLUSH!);
    assert.equal(await first.answer(), 0);
    for (const value of [2, 3]) first.ask(WRITE!, 0, SECTOR_BYTES, Buffer.alloc(SECTOR_BYTES, value));
    await off;
    disk.cut(ALL_LOST);
    const second = await Client.connect(path);
    await second.negotiate();
    assert.equal(changes, 3);
    assert.equal(await second.read(0), 1);
  });
});
