// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, BpfObject, type LoadOptions, unreadRecords } from 'bpf-loader-native';
import { PROCESS_EVENT_SIZE } from '../abi.generated.ts';
import type { PinFolder } from './pin-folder.ts';

/** The result of using a folder for pinned programs. */
export interface Pinning {
  /** Whether the programs are those of an earlier agent. */
  adopted: boolean;
  /** Those of an earlier agent were removed. */
  replaced?: {
    /** Records that they had and that nobody has read, at most; undefined when that is not known. */
    unread: number | undefined;
    /** When they were pinned; epoch time. */
    sinceUnixNs: bigint;
  };
  /** Why the programs end with this process. */
  obstacle?: string;
}

/**
 * Two sets with one identity are the same programs with the same options: the hash of the object's bytes and of all that is set
 * before it is loaded. A map that belongs to another program counts with its inode, as it may be made again.
 */
export function identityOf({ object, constants = {}, programs, mapSizes, pinnedMaps = {} }: LoadOptions): string {
  const options = [
    Object.entries(constants).map(([name, value]) => [name, String(value)]),
    programs,
    mapSizes,
    Object.entries(pinnedMaps).map(([name, path]) => [name, statSync(path, { throwIfNoEntry: false })?.ino]),
  ];
  return createHash('sha256').update(object).update(JSON.stringify(options)).digest('hex').slice(0, 32);
}

/**
 * Takes over the pinned set with the same options. Undefined when there is none, or when it is damaged.
 * @param attached the programs that have to be attached
 */
export function adopt(folder: PinFolder, options: LoadOptions, attached: readonly string[]): BpfObject | undefined {
  const set = folder.setOf(identityOf(options));
  if (set === undefined) return undefined;
  let object: BpfObject | undefined;
  try {
    object = BpfObject.load({ ...options, adopt: set });
    const there = object.attached;
    if (attached.every((name) => there.includes(name))) return object;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
  object?.close();
  return undefined;
}

/** Pins the object, instead of what the folder holds. Where the kernel cannot, it goes on without. */
export function pin(folder: PinFolder, object: BpfObject, options: LoadOptions): Pinning {
  const [old] = folder.sets;
  const sinceUnixNs = old === undefined ? 0n : statSync(old, { bigint: true }).ctimeNs;
  let unread: number | undefined;
  try {
    folder.replace(identityOf(options), (made) => {
      object.pin(made);
      // Only now are the new programs attached and safe; what the old ones still record is in both.
      if (old !== undefined) unread = unreadIn(old);
    });
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return { adopted: false, obstacle: error.message };
  }
  return { adopted: false, ...(old !== undefined && { replaced: { unread, sinceUnixNs } }) };
}

/** Records of compactions in the ring of a set, which may be of another version. */
function unreadIn(set: string): number | undefined {
  try {
    return unreadRecords(join(set, 'map_cs_records'), PROCESS_EVENT_SIZE);
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}
