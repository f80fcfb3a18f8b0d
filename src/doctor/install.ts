// SPDX-License-Identifier: Apache-2.0
import { EXIT } from '../errors.ts';
import { importLive } from '../live/open.ts';
import { neededInstead } from '../node-version.ts';
import { type Finding, fail, ok } from './check.ts';
import { failure } from './failure.ts';

/** Node.js, the addon and the BPF programs: everything that the package brings, or setup.sh builds. */
export async function install(version = process.versions.node): Promise<Finding> {
  const needed = neededInstead(version);
  if (needed !== undefined) {
    return fail(
      `Node.js is ${version}; ${needed} or later is needed.`,
      'Install it, and put it first in PATH. In a clone, ./setup.sh installs its own.',
      EXIT.FAILURE,
    );
  }
  try {
    await importLive();
    // Not before importLive(), which explains a missing addon.
    (await import('../live/attach-programs.ts')).readObject();
  } catch (error) {
    return failure(error);
  }
  return ok(`Node.js ${version}, the addon and the BPF programs are in place.`);
}
