// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, realpathSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, systemWords, UserError } from '../errors.ts';
import { message } from '../messages/message.ts';

export interface Rotation {
  /** A file is not made larger than this, unless it begins with a larger batch. */
  bytes: number;
  /** The number of old files: FILE.1, the newest, to FILE.N. */
  keep: number;
}

/**
 * Makes FILE to FILE.1, FILE.1 to FILE.2 and so on. The oldest is replaced. Where FILE is a symbolic link, this happens where it
 * leads to.
 * @returns the path without a file
 * @throws the system's error
 */
export function makeOld(file: string, keep: number): string {
  const path = realpathSync(file);
  const old = (n: number) => `${path}.${n}`;
  let free = 1;
  while (free < keep && existsSync(old(free))) free += 1;
  for (let n = free; n > 1; n--) renameSync(old(n - 1), old(n));
  renameSync(path, old(1));
  return path;
}

/** Checks that this process may rename a file in its folder. Throws a UserError with what to do. */
export function checkRotation(file: string): void {
  const path = realpathSync(file);
  const folder = dirname(path);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (!ownsOneOf(folder, path)) throw new Error('only its owner may rename this file there');
  } catch (error) {
    throw new UserError(EXIT.FAILURE, message('rotation_refused', { file, folder, reason: systemWords(error) }));
  }
}

/** Where the folder has the sticky bit, as /tmp has, only who owns it or the file may rename. */
function ownsOneOf(folder: string, path: string): boolean {
  const user = process.geteuid!();
  const isSticky = (statSync(folder).mode & 0o1000) !== 0;
  return !isSticky || user === 0 || [folder, path].some((owned) => statSync(owned).uid === user);
}
