// SPDX-License-Identifier: Apache-2.0
import { EXIT, UserError } from '../errors.ts';
import type { LiveOptions, LiveSource } from '../source/live.ts';

/** Some 10 000 records; the agent's memory grows by twice as much, as the ring is mapped twice. */
export const DEFAULT_RING_BYTES = 4 * 1024 * 1024;

/**
 * Loads the BPF programs. The addon is imported here and not before: --help and --version must work where it does not
 * load. Throws a UserError that says what is missing.
 */
export async function openLiveSource(options: LiveOptions): Promise<LiveSource> {
  let live: typeof import('../source/live.ts');
  try {
    live = await import('../source/live.ts');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ADDON_MISSING') throw error;
    throw new UserError(EXIT.FAILURE, `${(error as Error).message} ./setup.sh does all of it.`);
  }
  return new live.LiveSource(options);
}
