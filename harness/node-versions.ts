// SPDX-License-Identifier: Apache-2.0
// The Node.js versions on which the tests run applications. The project has its own version; the others are downloaded from
// npm once, into ~/.cache/compactstall.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../toolchain/cache.ts';

export interface NodeVersion {
  major: number;
  path: string;
  /** The flags that this version needs for thread contexts. */
  flags: string[];
}

/** The project's own version. */
export const NODE_VERSION = process.versions.node;
/** The others on which tests run services. */
export const FETCHED_VERSIONS = ['22.23.3', '26.9.0'];
/** A version that is too old. */
const OLD = '20.20.2';
/** One that does not know `--import`. */
const ANCIENT = '16.20.2';
const pathOf = (version: string, arch: string = process.arch) => join(folderOf(version, arch), 'bin/node');
const folderOf = (version: string, arch: string) =>
  join(CACHE, arch === process.arch ? `node-${version}` : `node-${version}-${arch}`);

export const NODES: NodeVersion[] = [
  { major: Number.parseInt(process.versions.node, 10), path: process.execPath, flags: [] },
  ...FETCHED_VERSIONS.map((version) => {
    const major = Number.parseInt(version, 10);
    return { major, path: pathOf(version), flags: major < 24 ? ['--experimental-async-context-frame'] : [] };
  }),
].sort((a, b) => a.major - b.major);

export const OLD_NODE = pathOf(OLD);
export const ANCIENT_NODE = pathOf(ANCIENT);

export function ensureNodes(): void {
  for (const version of [...FETCHED_VERSIONS, OLD, ANCIENT]) ensureNode(version);
}

/** The Node.js of that version, downloaded if necessary. */
export function ensureNode(version: string, arch: string = process.arch): string {
  ensurePackage(`node-linux-${arch}@${version}`, folderOf(version, arch));
  return pathOf(version, arch);
}

/** Unpacks a package of npm into a folder of the cache, unless it is there. */
export function ensurePackage(name: string, folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'node-new-'));
  try {
    const pack = ['pack', name, '--silent', '--pack-destination', scratch];
    const archive = execFileSync('npm', pack, { cwd: scratch, encoding: 'utf8' }).trim().split('\n').at(-1)!;
    execFileSync('tar', ['-xzf', archive, '--strip-components=1'], { cwd: scratch });
    rmSync(join(scratch, archive));
    renameSync(scratch, folder);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export const missingForNodes = () =>
  process.arch === 'x64' ? undefined : `the tests' reader knows x86-64 only, and this is ${process.arch}`;
