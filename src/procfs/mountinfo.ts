// SPDX-License-Identifier: Apache-2.0
import { readProcFile } from './proc-file.ts';

/**
 * File systems that answer by themselves. On others (fuse*, nfs, cifs, 9p ...) even stat() waits for a program or a
 * machine that may belong to the process looked at, and may never answer.
 */
const LOCAL = new Set(
  'bcachefs btrfs devtmpfs erofs ext2 ext3 ext4 f2fs iso9660 jfs overlay ramfs reiserfs rootfs squashfs tmpfs udf vfat xfs zfs'.split(
    ' ',
  ),
);
/** A host with many containers has some thousand mounts, of 100 to 500 bytes each. */
const MAX_BYTES = 4 << 20;

/** Asks /proc, and never a file system itself. */
export class FileSystems {
  readonly #types: Map<string, string>[] = [];
  readonly #sources: string[];

  /** Where a process's files come from: mounts that it sees, else those that this process sees. */
  constructor(pid: number, proc = '/proc') {
    this.#sources = [`${proc}/${pid}/mountinfo`, `${proc}/self/mountinfo`];
  }

  /** @param device `major:minor` in hexadecimal, of /proc/PID/maps */
  isLocal(device: string): boolean {
    const [major, minor] = device.split(':').map((part) => Number.parseInt(part, 16));
    const key = `${major}:${minor}`;
    for (let index = 0; index < this.#sources.length; index++) {
      this.#types[index] ??= typesOf(this.#sources[index]!);
      const type = this.#types[index]!.get(key);
      if (type !== undefined) return LOCAL.has(type);
    }
    // Not mounted here, as the lower layers of a container's overlay: what has a disk is no network's.
    return major !== 0;
  }
}

/** `36 35 98:0 /root /mount/point options tags... - ext4 /dev/sda1 options` */
export function parseMountinfo(text: string): Map<string, string> {
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const type = fields[fields.indexOf('-') + 1];
    if (fields.length > 6 && type !== undefined) types.set(fields[2]!, type);
  }
  return types;
}

function typesOf(path: string): Map<string, string> {
  try {
    return parseMountinfo(readProcFile(path, MAX_BYTES).toString('utf8'));
  } catch {
    return new Map();
  }
}
