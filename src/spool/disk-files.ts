// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import type { FileEntry, SpoolFile, SpoolFiles } from './files.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * The files of a real folder. They are reached through its descriptor, so that nobody can put another folder in its place, and that the
 * agent needs no right to the folders above it.
 */
export class DiskFiles implements SpoolFiles {
  readonly #folder: FileHandle;

  /** @param folder open */
  constructor(folder: FileHandle) {
    this.#folder = folder;
  }

  async list(): Promise<FileEntry[]> {
    const names = await readdir(this.#path('.'));
    const entries: FileEntry[] = [];
    for (const name of names) {
      // Somebody who looks into the folder of an agent may see a file go.
      const status = await lstat(this.#path(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      if (status?.isFile()) entries.push({ name, size: status.size, changedMs: status.mtimeMs });
    }
    return entries;
  }

  async create(name: string): Promise<SpoolFile> {
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW;
    return new DiskFile(await open(this.#path(name), flags, 0o600));
  }

  async read(name: string, most: number): Promise<Buffer> {
    // A FIFO would make open() wait for its other end.
    const file = await open(this.#path(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { size } = await file.stat();
      const bytes = Buffer.allocUnsafe(Math.min(size, most));
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  }

  rename(from: string, to: string): Promise<void> {
    return rename(this.#path(from), this.#path(to));
  }

  unlink(name: string): Promise<void> {
    return unlink(this.#path(name));
  }

  syncFolder(): Promise<void> {
    return this.#folder.sync();
  }

  #path(name: string): string {
    return `/proc/self/fd/${this.#folder.fd}/${name}`;
  }
}

class DiskFile implements SpoolFile {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async append(parts: readonly Uint8Array[]): Promise<void> {
    let rest = [...parts];
    for (;;) {
      const { bytesWritten } = await this.#file.writev(rest);
      let written = bytesWritten;
      // A disk that is nearly full takes a part.
      while (rest.length > 0 && written >= rest[0]!.length) written -= rest.shift()!.length;
      if (rest.length === 0) return;
      rest = [rest[0]!.subarray(written), ...rest.slice(1)];
    }
  }

  dataSync(): Promise<void> {
    return this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
