// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 150_000;

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
