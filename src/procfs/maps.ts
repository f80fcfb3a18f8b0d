// SPDX-License-Identifier: Apache-2.0
import { readProcFile } from './proc-file.ts';

/** A line of /proc/PID/maps. */
export interface Mapping {
  start: bigint;
  /** The first address after it. */
  end: bigint;
  /** Offset of its first byte in the file. */
  offset: number;
  /** The inode number, inexact beyond 2^53; 0 without a file. */
  inode: number;
  /** `major:minor` in hexadecimal, as the kernel prints it. */
  device: string;
  /** `rwxp`, with `-` for each right that is missing, and `s` when shared. */
  permissions: string;
  /** The path of the file, with ` (deleted)` after a removed one. Without a file: a name in brackets, or empty. */
  path: string;
}

/** A process has at most 65 530 mappings, unless vm.max_map_count was raised. Few have more than some thousands. */
export const MAX_MAPPINGS = 65_536;
/** Java processes with tens of thousands of mappings stay below it. */
export const MAX_MAPS_BYTES = 8 << 20;

const LINE =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([-r][-w][-x][ps]) ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/s;

/** Parses the lines of a maps file, and skips malformed ones. @returns undefined when there are more than `most` */
export function parseMaps(text: string, most = MAX_MAPPINGS): Mapping[] | undefined {
  const mappings: Mapping[] = [];
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const match = LINE.exec(text.slice(at, end));
    at = end + 1;
    if (!match) continue;
    if (mappings.length === most) return undefined;
    const [, start, stop, permissions, offset, device, inode, path] = match;
    mappings.push({
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${stop}`),
      offset: Number.parseInt(offset!, 16),
      inode: Number(inode),
      device: device!,
      permissions: permissions!,
      path: unescapeNewlines(path!),
    });
  }
  return mappings;
}

/** The mapping that contains an address. `mappings` are sorted by address, as in the file. */
export function mappingAt(mappings: readonly Mapping[], address: bigint): Mapping | undefined {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (mappings[middle]!.end <= address) low = middle + 1;
    else high = middle;
  }
  const found = mappings[low];
  return found && found.start <= address ? found : undefined;
}

/**
 * @param folder /proc/PID
 * @returns undefined when the file exceeds the bounds
 * @throws the system's error, such as ENOENT or EACCES
 */
export function readMaps(folder: string): Mapping[] | undefined {
  const bytes = readProcFile(`${folder}/maps`, MAX_MAPS_BYTES);
  return bytes.length === MAX_MAPS_BYTES ? undefined : parseMaps(bytes.toString('utf8'));
}

/** The kernel escapes newlines in paths as \012, and nothing else (seq_file_path in show_map_vma). */
function unescapeNewlines(path: string): string {
  return path.includes('\\012') ? path.replaceAll('\\012', '\n') : path;
}
