// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeSync } from 'node:fs';
import { EXIT } from './errors.ts';
import { installed } from './installation.ts';

/** Ends the process where Node.js is too old. To be called before anything is imported that an older one may not even parse. */
export function requireNode(command: string, version = process.versions.node): void {
  const needed = neededInstead(version);
  if (needed === undefined) return;
  writeSync(
    2,
    `${command}: this is Node.js ${version} (${process.execPath}); ${needed} or later is needed. Install it, and put it first in PATH.\n`,
  );
  process.exit(EXIT.HOST);
}

/** The oldest version that is new enough, when this one is not. */
export function neededInstead(version: string): string | undefined {
  const needed: string = JSON.parse(readFileSync(installed('package.json'), 'utf8')).engines.node.replace('>=', '');
  return isAtLeast(version, needed) ? undefined : needed;
}

function isAtLeast(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
