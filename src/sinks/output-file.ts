// SPDX-License-Identifier: Apache-2.0
import { close, closeSync, constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { withFile } from '../descriptor.ts';
import { makeOld, type Rotation } from './rotation.ts';

/** Removes or ends what a full disk or a crash has left unfinished at the end of a file. @throws where it cannot be appended to */
export type Mend = (path: string, descriptor: number) => void;

/** A file that an output appends to. While it is open, others may give it another name. */
export class OutputFile {
  readonly path: string;
  readonly #mend: Mend;
  readonly rotation: Rotation | undefined;
  #descriptor: number;
  /** The size beyond which it is rotated; more after that has failed. */
  #limit: number;

  /** @param rotation for regular files; others do not grow @throws the system's error */
  constructor(path: string, rotation?: Rotation, mend: Mend = endLine) {
    this.path = path;
    this.#mend = mend;
    this.#descriptor = open(path);
    this.rotation = fstatSync(this.#descriptor).isFile() ? rotation : undefined;
    this.#limit = rotation?.bytes ?? 0;
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  /** Makes the end of the file whole: what is unfinished would swallow the first event. @throws where that is not possible */
  mend(): void {
    this.#mend(this.path, this.#descriptor);
  }

  /**
   * Opens what has the path now, or makes it. Where that fails, the old file stays open.
   * @returns false when it is still the same file
   * @throws the system's error
   */
  reopen(): boolean {
    if (this.#isAtItsPath()) return false;
    const next = open(this.path);
    try {
      this.#mend(this.path, next);
    } catch (error) {
      closeSync(next);
      throw error;
    }
    this.#replace(next);
    return true;
  }

  /**
   * Rotates where so many more bytes would be too many. Where that fails, the file is written on, and the next try comes when it has
   * grown as much again.
   * @throws the system's error
   */
  makeRoom(bytes: number): void {
    if (!this.rotation) return;
    const { size } = fstatSync(this.#descriptor);
    if (size === 0 || size + bytes <= this.#limit) return;
    this.#limit = size + this.rotation.bytes;
    // Somebody else has rotated.
    if (this.reopen()) return;
    this.#replace(open(makeOld(this.path, this.rotation.keep), constants.O_EXCL));
  }

  #replace(next: number): void {
    close(this.#descriptor, () => {});
    this.#descriptor = next;
    this.#limit = this.rotation?.bytes ?? 0;
  }

  #isAtItsPath(): boolean {
    const there = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    const open = fstatSync(this.#descriptor, { bigint: true });
    return there?.dev === open.dev && there.ino === open.ino;
  }
}

/** Non-blocking: a pipe without a reader is refused rather than waited for; see nonBlockingStdout() in create.ts. */
function open(path: string, more = 0): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | more, 0o644);
}

function endLine(path: string, descriptor: number): void {
  if (endsInTheMiddleOfALine(path)) writeSync(descriptor, '\n');
}

function endsInTheMiddleOfALine(path: string): boolean {
  const status = statSync(path);
  if (!status.isFile() || status.size === 0) return false;
  const last = Buffer.alloc(1);
  withFile(path, (file) => readSync(file, last, 0, 1, status.size - 1));
  return last.toString() !== '\n';
}
