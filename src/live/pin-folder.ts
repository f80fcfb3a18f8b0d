// SPDX-License-Identifier: Apache-2.0
/** The folder of `--pin`: programs that stay attached while no agent runs. */
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  type Stats,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type BpfError, lockFolder } from 'bpf-loader-native';
import { EXIT, StartError, systemWords } from '../errors.ts';
import { message } from '../messages/message.ts';

/** Of statfs(2), for a BPF file system. */
const BPF_FS_MAGIC = 0xcafe4a11;
/** A set that is not complete. A rename makes it complete, which nothing interrupts. */
const NEW = 'new';
const SET = /^set_[0-9a-f]{32}$/;
/** In this order, as a set without its links costs nothing any more. */
const KINDS = ['link_', 'prog_', 'map_'];

/** A folder with at most one set of pinned programs, which belongs to this process until it ends. */
export class PinFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder if it is missing, locks it, and removes what an agent has left half made. Throws a StartError that says what
   * to do when it is not a folder of a BPF file system, or not ours.
   */
  static open(given: string): PinFolder {
    const path = resolve(given);
    checkFileSystem(path);
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refused(path, systemWords(error));
    }
    checkFolder(path);
    checkOwner(path);
    lock(path);
    return PinFolder.#take(path);
  }

  /** The same for a folder that is to be removed, which root may do with that of any user; undefined when there is none. */
  static openToRemove(given: string): PinFolder | undefined {
    const path = resolve(given);
    if (statOf(path) === undefined) return undefined;
    checkFileSystem(path);
    checkFolder(path);
    const isRoot = process.geteuid!() === 0;
    if (!isRoot) checkOwner(path);
    lock(path);
    if (isRoot) makeRoots(path);
    return PinFolder.#take(path);
  }

  static #take(path: string): PinFolder {
    const foreign = namesIn(path).filter((name) => name !== NEW && !SET.test(name));
    if (foreign.length > 0) throw refused(path, `it holds '${foreign[0]}', which is not of compactstall`);
    const folder = new PinFolder(path);
    folder.#remove(NEW);
    return folder;
  }

  /** The folders of the complete sets: one, or none. */
  get sets(): string[] {
    return namesIn(this.path)
      .filter((name) => SET.test(name))
      .map((name) => join(this.path, name));
  }

  /** The folder of the set with this identity; undefined when there is none. */
  setOf(identity: string): string | undefined {
    return this.sets.find((set) => basename(set) === `set_${identity}`);
  }

  /** Fills a folder, and makes it the set with this identity, instead of any other. Nothing is left when that fails. */
  replace(identity: string, fill: (folder: string) => void): void {
    const made = join(this.path, NEW);
    try {
      mkdirSync(made, { mode: 0o700 });
      fill(made);
      this.removeSets();
      renameSync(made, join(this.path, `set_${identity}`));
    } catch (error) {
      this.#remove(NEW);
      throw error;
    }
  }

  /** Detaches what is pinned. The kernel frees it when nothing else has it open. */
  removeSets(): void {
    for (const set of this.sets) this.#remove(basename(set));
  }

  /** Removes everything, and the folder. */
  remove(): void {
    this.removeSets();
    rmdirSync(this.path);
  }

  #remove(name: string): void {
    const set = join(this.path, name);
    if (statOf(set) === undefined) return;
    const rank = (file: string) => KINDS.findIndex((kind) => file.startsWith(kind));
    for (const file of namesIn(set).toSorted((a, b) => rank(a) - rank(b))) unlinkSync(join(set, file));
    rmdirSync(set);
  }
}

const refused = (folder: string, reason: string) =>
  new StartError(
    EXIT.FAILURE,
    message('pin_folder_refused', { folder, reason }, 'Name a folder for compactstall alone.'),
  );

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw refused(path, systemWords(error));
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    throw refused(path, systemWords(error));
  }
}

/** @param path of the folder, which may not exist: then of the one that it would be in */
function checkFileSystem(path: string): void {
  const existing = statOf(path) === undefined ? dirname(path) : path;
  let type: number;
  try {
    ({ type } = statfsSync(existing));
  } catch (error) {
    throw refused(path, systemWords(error));
  }
  if (type === BPF_FS_MAGIC) return;
  const todo = 'Name a folder in one, such as /sys/fs/bpf/compactstall; mount -t bpf bpf /sys/fs/bpf mounts it.';
  throw new StartError(EXIT.FAILURE, message('pin_folder_elsewhere', { folder: path }, todo));
}

function checkFolder(path: string): void {
  if (!statOf(path)?.isDirectory()) throw refused(path, 'it is not a folder');
}

/** Anybody who may write there could make us use their maps. */
function checkOwner(path: string): void {
  const stat = statOf(path)!;
  if (stat.uid !== process.geteuid!()) throw refused(path, `it belongs to the user ${stat.uid}`);
  if (stat.mode & 0o022) throw refused(path, 'others may write there');
}

/** So that its owner cannot put something else in the place of what is removed in it. */
function makeRoots(path: string): void {
  try {
    lchownSync(path, 0, 0);
    chmodSync(path, 0o700);
  } catch (error) {
    throw refused(path, systemWords(error));
  }
}

function lock(path: string): void {
  let locked: boolean;
  try {
    locked = lockFolder(path);
  } catch (error) {
    throw refused(path, (error as BpfError).message);
  }
  if (locked) return;
  const todo = 'Stop that one, or name another folder.';
  throw new StartError(EXIT.FAILURE, message('pin_folder_in_use', { folder: path }, todo));
}
