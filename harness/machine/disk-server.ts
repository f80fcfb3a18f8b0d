// SPDX-License-Identifier: Apache-2.0
/** Serves a disk to the emulator, by the protocol of network block devices (NBD). */
import { createServer, type Socket } from 'node:net';
import { SECTOR_BYTES, type VolatileDisk } from './volatile-disk.ts';

// https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
const FIXED_NEWSTYLE = 1;
const CLIENT_FLAGS_BYTES = 4;
const OPTION_HEADER_BYTES = 16;
const OPTION = { abort: 2, go: 7 };
const REPLY_MAGIC = 0x3e889045565a9n;
const REPLY = { ack: 1, info: 3, unsupported: 0x8000_0001 };
/** The flags of the disk: has flags, takes flushes. */
const DISK_FLAGS = 1 | 4;

const REQUEST_BYTES = 28;
const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3 };
const ANSWER_MAGIC = 0x67446698;
const EINVAL = 22;
const NONE = Buffer.alloc(0);

export interface DiskServer {
  /** From here on the disk of the machine that is connected does nothing and answers nothing. The next machine has one that works. */
  powerOff(): void;
  close(): Promise<void>;
}

/**
 * Serves the disk at a unix socket, to one machine after the other.
 *
 * @param onChange is called for each write and flush, after it was done and before it is answered
 */
export async function serveDisk(
  path: string,
  disk: VolatileDisk,
  onChange: () => void = () => {},
): Promise<DiskServer> {
  const connections: Connection[] = [];
  const server = createServer((socket) => {
    connections.push(new Connection(socket, disk, onChange));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  return {
    powerOff: () => connections.at(-1)?.powerOff(),
    close: () =>
      new Promise((resolve) => {
        for (const connection of connections) connection.end();
        server.close(() => resolve());
      }),
  };
}

class Connection {
  readonly #socket: Socket;
  readonly #disk: VolatileDisk;
  readonly #onChange: () => void;
  /** Yields how many bytes it waits for. */
  readonly #talk: Generator<number, void, Buffer>;
  #wanted: number;
  #received: Buffer = NONE;
  #hasPower = true;

  constructor(socket: Socket, disk: VolatileDisk, onChange: () => void) {
    this.#socket = socket;
    this.#disk = disk;
    this.#onChange = onChange;
    // A machine that is killed may not read the last answers.
    socket.on('error', () => {}).on('data', (bytes) => this.#receive(bytes as Buffer));
    this.#talk = this.#negotiate();
    this.#wanted = this.#talk.next().value!;
  }

  powerOff(): void {
    this.#hasPower = false;
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    if (!this.#hasPower) return;
    this.#received = Buffer.concat([this.#received, bytes]);
    // What has come at once was asked for before any of it was answered.
    this.#socket.cork();
    while (this.#received.length >= this.#wanted) {
      const taken = this.#received.subarray(0, this.#wanted);
      this.#received = this.#received.subarray(this.#wanted);
      const { done, value } = this.#talk.next(taken);
      if (done) this.end();
      if (done || !this.#hasPower) return;
      this.#wanted = value;
    }
    this.#socket.uncork();
    this.#disk.answered();
  }

  *#negotiate(): Generator<number, void, Buffer> {
    this.#socket.write(Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), u16(FIXED_NEWSTYLE)]));
    yield CLIENT_FLAGS_BYTES;
    for (;;) {
      const header = yield OPTION_HEADER_BYTES;
      const option = header.readUInt32BE(8);
      yield header.readUInt32BE(12);
      if (option === OPTION.abort) return;
      if (option !== OPTION.go) {
        this.#reply(option, REPLY.unsupported);
        continue;
      }
      this.#reply(option, REPLY.info, Buffer.concat([u16(0), u64(this.#disk.size), u16(DISK_FLAGS)]));
      this.#reply(option, REPLY.ack);
      return yield* this.#serve();
    }
  }

  *#serve(): Generator<number, void, Buffer> {
    for (;;) {
      const request = Buffer.from(yield REQUEST_BYTES);
      const [command, length] = [request.readUInt16BE(6), request.readUInt32BE(24)];
      const offset = Number(request.readBigUInt64BE(16));
      if (command === COMMAND.disconnect) return;
      const data = command === COMMAND.write ? yield length : NONE;
      const isWhole = offset % SECTOR_BYTES === 0 && length % SECTOR_BYTES === 0 && offset + length <= this.#disk.size;
      let [error, answer]: [number, Buffer] = [0, NONE];
      if (command === COMMAND.read && isWhole) answer = this.#disk.read(offset, length);
      else if (command === COMMAND.write && isWhole) this.#disk.write(offset, data);
      else if (command === COMMAND.flush) this.#disk.flush();
      else error = EINVAL;
      if (command === COMMAND.write || command === COMMAND.flush) this.#onChange();
      this.#socket.write(Buffer.concat([u32(ANSWER_MAGIC), u32(error), request.subarray(8, 16), answer]));
    }
  }

  #reply(option: number, type: number, data = NONE): void {
    this.#socket.write(Buffer.concat([u64(REPLY_MAGIC), u32(option), u32(type), u32(data.length), data]));
  }
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
