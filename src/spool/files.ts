// SPDX-License-Identifier: Apache-2.0

/** All operations of the spool on its folder. A test's implementation records them, and then makes what a crash may leave. */
export interface SpoolFiles {
  /** The regular files in the folder. */
  list(): Promise<FileEntry[]>;
  /** Makes a file, which must not be there. It survives a crash after syncFolder(). */
  create(name: string): Promise<SpoolFile>;
  /** All bytes of a file, or as many as `most`. Follows no symbolic link. */
  read(name: string, most: number): Promise<Buffer>;
  /** Gives a file another name, and replaces what has that one. */
  rename(from: string, to: string): Promise<void>;
  unlink(name: string): Promise<void>;
  /** Makes all of that survive a crash: which files there are, and their names. */
  syncFolder(): Promise<void>;
}

export interface FileEntry {
  name: string;
  /** In bytes. */
  size: number;
  /** When it was last written, in milliseconds since 1970. */
  changedMs: number;
}

/** A file that is written. Each call can be refused with the system's error. */
export interface SpoolFile {
  append(parts: readonly Uint8Array[]): Promise<void>;
  /** Makes the bytes so far survive a crash. */
  dataSync(): Promise<void>;
  close(): Promise<void>;
}
