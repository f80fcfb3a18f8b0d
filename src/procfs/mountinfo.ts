// SPDX-License-Identifier: Apache-2.0
import { attempt, readProcFile } from './proc-file.ts';

/**
 * File systems that the kernel serves alone. On others (fuse*, nfs, cifs, 9p ...) even stat() waits for a program or a machine,
 * which may belong to the process under examination and may never answer.
 */
const LOCAL = new Set(
  'bcachefs btrfs devtmpfs erofs ext2 ext3 ext4 f2fs iso9660 jfs overlay ramfs reiserfs rootfs squashfs tmpfs udf vfat xfs zfs'.split(
    ' ',
  ),
);
/** A host with many containers has some thousand mounts, of 100 to 500 bytes each. */
const MAX_BYTES = 4 << 20;

/** A line of /proc/PID/mountinfo. */
export interface Mount {
  /** `major:minor`, in decimal. */
  device: string;
  /** Where it is mounted. */
  point: string;
  /** The type of the file system, such as `ext4` or `fuse.sshfs`. */
  type: string;
}

/** The file systems by their devices, from /proc. A file system itself is never asked. */
export class FileSystems {
  readonly #types: Map<string, string>[] = [];
  readonly #sources: string[];

  /** Uses the mounts that the process sees, else those that this process sees. */
  constructor(pid: number, proc = '/proc') {
    this.#sources = [`${proc}/${pid}/mountinfo`, `${proc}/self/mountinfo`];
  }

  /** @param device `major:minor` in hexadecimal, of /proc/PID/maps */
  isLocal(device: string): boolean {
    const [major, minor] = device.split(':').map((part) => Number.parseInt(part, 16));
    const key = `${major}:${minor}`;
    for (let index = 0; index < this.#sources.length; index++) {
      this.#types[index] ??= new Map(
        (readMounts(this.#sources[index]!) ?? []).map(({ device, type }) => [device, type]),
      );
      const type = this.#types[index]!.get(key);
      if (type !== undefined) return LOCAL.has(type);
    }
    // Not mounted here, such as the lower layers of a container's overlay. Network file systems have the major number 0.
    return major !== 0;
  }
}

/** The mounts in a mountinfo file; undefined when it cannot be read, or is empty: every process has a root, so it is masked. */
export function readMounts(path: string): Mount[] | undefined {
  const text = attempt(() => readProcFile(path, MAX_BYTES).toString('utf8'));
  return text ? parseMountinfo(text) : undefined;
}

/** `36 35 98:0 /root /mount/point options tags... - ext4 /dev/sda1 options` (proc_pid_mountinfo(5)) */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device, , point] = before.split(' ');
    const [type] = after.split(' ');
    return device && point && type ? [{ device, point: unescaped(point), type }] : [];
  });
}

/** Undoes the octal escapes of blanks, tabs, line ends and backslashes in a path. */
const unescaped = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
