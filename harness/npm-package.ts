// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE } from '../toolchain/cache.ts';
import { ensurePackage } from './node-versions.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const LIMIT_MS = 150_000;
/** Of Node.js 22. */
const NPM = '10.9.8';

export const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', timeout: LIMIT_MS });

/** Makes a package as it would be published. @param of its folder @returns the archive */
export function pack(of: string, into: string): string {
  // --ignore-scripts: the layer has set up all that prepack would.
  return join(into, npm(join(ROOT, of), 'pack', '--silent', '--ignore-scripts', '--pack-destination', into).trim());
}

/** Installs compactstall, from its one archive, into an empty folder. @returns the archive */
export function installPackage(folder: string): string {
  const archive = pack('.', folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // npm's cache has the packages that npm ci installed for this project.
  npm(folder, 'install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', archive);
  return archive;
}

/** The folder of the npm that comes with Node.js, which is fetched once. */
export function ensureNpm(): string {
  const folder = join(CACHE, `npm-${NPM}`);
  ensurePackage(`npm@${NPM}`, folder);
  return folder;
}
