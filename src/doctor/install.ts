// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { importLive } from '../cli/open-live.ts';
import { type Finding, fail, ok } from './check.ts';
import { failure } from './failure.ts';

const PACKAGE = new URL('../../package.json', import.meta.url);

/** Node.js, the addon and the BPF programs: everything that the set-up brings. */
export async function install(version = process.versions.node): Promise<Finding> {
  const needed: string = JSON.parse(readFileSync(PACKAGE, 'utf8')).engines.node.replace('>=', '');
  if (!isAtLeast(version, needed)) {
    return fail(`Node.js is ${version}; ${needed} or later is needed.`, 'Run ./setup.sh, which brings its own.');
  }
  try {
    await importLive();
    // Only now: it imports the addon.
    (await import('../source/attach.ts')).readObject();
  } catch (error) {
    return failure(error);
  }
  return ok(`Node.js ${version}, the addon and the BPF programs are there.`);
}

function isAtLeast(version: string, needed: string): boolean {
  const numbers = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10));
  const [major = 0, minor = 0] = numbers(version);
  const [neededMajor = 0, neededMinor = 0] = numbers(needed);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
