// SPDX-License-Identifier: Apache-2.0
/** Root images: ext4, made from a folder without a mount, which needs no privilege. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CACHE } from '../../toolchain/cache.ts';
import { contents, type Entry } from './contents.ts';
import type { Arch } from './kernels.ts';

/** The number of images kept in the cache: enough for a few working copies. */
const KEPT = 4;
/** Mount points, and other folders that programs expect. */
const FOLDERS = ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'mnt'];
const FREE_MB = 128;
const HOUR_MS = 3_600_000;

/**
 * The image of the project as it is built now. Making it takes seconds, unless a machine has run with the same files before.
 * @param network a kernel's directory, for its network modules
 * @param more files beside it
 */
export function projectImage(arch: Arch, network?: string, more: readonly Entry[] = []): string {
  return imageOf([...contents(arch), ...modules(network), ...more]);
}

/** The same with the other versions of Node.js on which tests run services. Fetches them if necessary. */
export function testImage(arch: Arch, network?: string): string {
  return imageOf([...contents(arch, true), ...modules(network)]);
}

function modules(network: string | undefined): Entry[] {
  return network === undefined ? [] : [{ from: join(network, 'modules.tar'), to: '/modules.tar' }];
}

function imageOf(entries: readonly Entry[]): string {
  const image = join(CACHE, `vm-image-${fingerprint(entries)}.ext4`);
  if (existsSync(image)) {
    utimesSync(image, new Date(), new Date());
  } else {
    const folder = mkdtempSync(join(makeFolder(CACHE), 'vm-image.tmp.'));
    try {
      stage(entries, join(folder, 'root'));
      makeImage(join(folder, 'root'), join(folder, 'image'));
      renameSync(join(folder, 'image'), image);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  prune();
  return image;
}

/** Copies the entries into a folder, which may already hold a system. */
export function stage(entries: readonly Entry[], folder: string): void {
  for (const name of FOLDERS) makeFolder(join(folder, name));
  for (const entry of entries) {
    const target = join(folder, entry.to);
    makeFolder(dirname(target));
    if ('linkTo' in entry) symlinkSync(entry.linkTo, target);
    else cpSync(entry.from, target, { recursive: true, dereference: false, verbatimSymlinks: true });
  }
}

/** A program that may be outside the PATH of users other than root. */
const systemProgram = (name: string) => [`/usr/sbin/${name}`, `/sbin/${name}`].find(existsSync) ?? name;
export const MKE2FS = systemProgram('mke2fs');
export const MKFS_XFS = systemProgram('mkfs.xfs');

/** Makes an ext4 file system of the folder's contents, with some room for more. */
export function makeImage(folder: string, image: string, freeMb = FREE_MB): void {
  const used = Number(execFileSync('du', ['-sm', folder], { encoding: 'utf8' }).split('\t')[0]);
  const size = `${Math.ceil(used * 1.1) + freeMb}m`;
  execFileSync(MKE2FS, ['-q', '-t', 'ext4', '-O', '^has_journal', '-E', 'root_owner=0:0', '-d', folder, image, size]);
}

function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

/** A hash of the names, kinds and bytes of everything in the image. */
function fingerprint(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  const add = (path: string, to: string) => {
    const stat = lstatSync(path);
    hash.update(`${to} ${stat.mode} ${stat.size}\n`);
    if (stat.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (stat.isFile()) hash.update(readFileSync(path));
  };
  for (const entry of entries) {
    if ('linkTo' in entry) {
      hash.update(`${entry.to} -> ${entry.linkTo}\n`);
    } else if (statSync(entry.from).isDirectory()) {
      for (const name of readdirSync(entry.from, { recursive: true, encoding: 'utf8' }).sort())
        add(join(entry.from, name), join(entry.to, name));
    } else {
      add(entry.from, entry.to);
    }
  }
  return hash.digest('hex').slice(0, 12);
}

function prune(): void {
  const images = globSync(join(CACHE, 'vm-image-*.ext4')).map((path) => ({ path, used: statSync(path).mtimeMs }));
  images.sort((a, b) => b.used - a.used);
  for (const { path } of images.slice(KEPT)) rmSync(path, { force: true });
  // Leftovers of an interrupted run.
  for (const path of globSync(join(CACHE, 'vm-image.tmp.*'))) {
    if (Date.now() - statSync(path).mtimeMs > HOUR_MS) rmSync(path, { recursive: true, force: true });
  }
}
