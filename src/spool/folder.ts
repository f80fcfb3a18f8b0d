// SPDX-License-Identifier: Apache-2.0
import { constants, fchownSync, fstatSync, fsyncSync, lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { withFile } from '../descriptor.ts';
import { EXIT, systemWords, UserError } from '../errors.ts';
import { message } from '../messages/message.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Linux follows no more symbolic links in a path. */
const MAX_LINKS = 40;
const OTHERS_MAY_WRITE = 0o022;

/** Who the agent is when it uses the folder. */
export interface Owner {
  uid: number;
  gid: number;
}

/** The process as it is. */
export const currentOwner = (): Owner => ({ uid: process.geteuid!(), gid: process.getegid!() });

/**
 * Opens the folder of a spool, and makes it where it is missing, with mode 0700. Refuses one that others may write, or to which others
 * could lead the agent by a symbolic link.
 *
 * @param owner who has to own it
 * @throws UserError with what to do
 */
export async function openSpoolFolder(path: string, owner: Owner = currentOwner()): Promise<FileHandle> {
  try {
    const real = withoutLinks(resolve(path));
    const isNew = make(real);
    const folder = await open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      if (isNew && process.geteuid!() !== owner.uid) fchownSync(folder.fd, owner.uid, owner.gid);
      check(fstatSync(folder.fd), owner);
      return folder;
    } catch (error) {
      await folder.close();
      throw error;
    }
  } catch (error) {
    throw spoolUnusable(path, systemWords(error));
  }
}

/**
 * Checks what `openSpoolFolder` does, and makes nothing.
 *
 * @returns the path where its symbolic links lead, and whether there is a folder @throws UserError with what to do
 */
export function examineSpoolFolder(path: string, owner: Owner): { real: string; exists: boolean } {
  try {
    const real = withoutLinks(resolve(path));
    const status = lstatSync(real, { throwIfNoEntry: false });
    if (status === undefined) {
      if (!lstatSync(dirname(real)).isDirectory()) throw new Error('not a directory');
      return { real, exists: false };
    }
    if (!status.isDirectory()) throw new Error('not a directory');
    check(status, owner);
    return { real, exists: true };
  } catch (error) {
    throw spoolUnusable(path, systemWords(error));
  }
}

export const spoolUnusable = (folder: string, reason: string) =>
  new UserError(EXIT.FAILURE, message('spool_unusable', { folder, reason }));

/** @returns whether it is new */
function make(path: string): boolean {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  withFile(dirname(path), fsyncSync);
  return true;
}

function check(status: Stats, owner: Owner): void {
  if (status.uid !== owner.uid) {
    throw new Error(`it belongs to user ${status.uid}, and the agent runs as user ${owner.uid}; choose another folder`);
  }
  if ((status.mode & OTHERS_MAY_WRITE) !== 0) {
    const mode = (status.mode & 0o7777).toString(8).padStart(4, '0');
    throw new Error(`others may write there (mode ${mode}); choose another folder, or take that right from them`);
  }
}

/** The path where the symbolic links in it lead. Refuses one in a folder that others may write: it may be theirs. */
function withoutLinks(path: string): string {
  let real = '/';
  const names = path.split('/').filter(Boolean);
  let links = 0;
  while (names.length > 0) {
    const next = join(real, names.shift()!);
    const isLink = lstatSync(next, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    if (!isLink) {
      real = next;
      continue;
    }
    if ((lstatSync(real).mode & OTHERS_MAY_WRITE) !== 0) {
      throw new Error(`${next} is a symbolic link in a folder that others may write`);
    }
    links += 1;
    if (links > MAX_LINKS) throw new Error('too many symbolic links');
    names.unshift(...resolve(real, readlinkSync(next)).split('/').filter(Boolean));
    real = '/';
  }
  return real;
}
