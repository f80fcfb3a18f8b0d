// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { checkTasks } from '../enrich/supervisor.ts';
import { InstallError } from '../errors.ts';
import { checkDescriptors } from '../host/descriptors.ts';
import { BUILD } from '../installation.ts';
import { message } from '../messages/message.ts';
import type { LiveOptions } from './attachment.ts';
import type { LiveSource } from './live-source.ts';
import type { PinFolder } from './pin-folder.ts';

/** Room for some 10 000 records. The agent's memory grows by twice as much, because the ring is mapped twice. */
export const DEFAULT_RING_BYTES = 4 * 1024 * 1024;
const PAGE = 4096;
const MAX_RING_BYTES = 2 ** 30;
/** Of the compactions' own time, for their stacks. */
export const DEFAULT_STACK_BUDGET = 0.01;

/** Whether a ring buffer can have that size: the kernel requires a power of two of at least a page. */
export const isRingSize = (bytes: number): boolean =>
  bytes >= PAGE && bytes <= MAX_RING_BYTES && Number.isInteger(Math.log2(bytes));

/**
 * Imports the addon, and not before: --help and --version must work where it does not load. Throws an InstallError when
 * it is missing.
 */
export const importLive = (): Promise<typeof import('./live-source.ts')> => withAddon(() => import('./live-source.ts'));

/** The folder of `--pin`, to remove it; undefined when there is none. Throws a StartError that says why not. */
export async function openPins(folder: string): Promise<PinFolder | undefined> {
  const { PinFolder } = await withAddon(() => import('./pin-folder.ts'));
  return PinFolder.openToRemove(folder);
}

async function withAddon<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ADDON_MISSING') throw error;
    throw new InstallError(message('addon_missing', { reason: (error as Error).message }, BUILD));
  }
}

/**
 * Loads and attaches the BPF programs, once everything that takes a thread, a process or a descriptor is there. Throws a
 * StartError that says what is missing.
 */
export async function openLiveSource(options: LiveOptions): Promise<LiveSource> {
  checkDescriptors();
  checkTasks(options.prober?.user);
  await startPool();
  const { LiveSource } = await importLive();
  return new LiveSource(options);
}

/** Starts the threads of libuv's pool. When it is first used they are started, and where that fails the process aborts. */
const startPool = () => stat('/');
