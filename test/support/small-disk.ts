// SPDX-License-Identifier: Apache-2.0
/** Small file systems of this kernel that fail when they are told to. They are in a mount namespace, and go with the test. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MountNamespace } from '../../harness/mount-namespace.ts';

const MIB = 1024 ** 2;
/** What is in memory, and two that are on a loop device; ext2 has no journal that fails as a whole. */
export type FileSystem = 'tmpfs' | 'ext4' | 'ext2';

export class SmallDisk {
  /** Where it is, in the namespace. */
  readonly path: string;
  /** The same, from outside. */
  readonly outside: string;
  /** The prefix of a command that sees it. */
  readonly under: readonly string[];
  readonly #namespace: MountNamespace;
  readonly #bytes: number;
  /** The file behind the loop device, in memory. */
  readonly #image: string;

  private constructor(namespace: MountNamespace, folder: string, bytes: number) {
    this.#namespace = namespace;
    this.under = namespace.under;
    this.path = join(folder, 'disk');
    this.outside = namespace.root + this.path;
    this.#bytes = bytes;
    this.#image = join(folder, 'behind', 'image');
  }

  static async mount(t: { after(undo: () => void): void }, type: FileSystem, bytes = 4 * MIB): Promise<SmallDisk> {
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-disk-'));
    const disk = new SmallDisk(await MountNamespace.make(), folder, bytes);
    t.after(() => {
      disk.#namespace.end();
      rmSync(folder, { recursive: true });
    });
    for (const name of ['disk', 'behind']) mkdirSync(join(folder, name));
    if (type === 'tmpfs') {
      disk.#run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', disk.path);
    } else {
      disk.#run('mount', '-t', 'tmpfs', '-o', `size=${2 * bytes + MIB}`, 'tmpfs', join(folder, 'behind'));
      disk.#run('truncate', '-s', `${bytes}`, disk.#image);
      const options = ['-q', '-t', type, '-b', '4096', '-m', '0', '-E', 'lazy_itable_init=0'];
      disk.#run('/usr/sbin/mke2fs', ...options, disk.#image);
      disk.#mountImage();
    }
    return disk;
  }

  /** Takes all room that is left. */
  fill(): void {
    // Each cat fails in its end. After a sync the file system knows better how much room there is.
    const fill = 'for i in 1 2 3; do cat /dev/zero >>"$0"; sync -f "$0"; done 2>/dev/null; true';
    this.#run('sh', '-c', fill, join(this.path, 'filler'));
  }

  free(): void {
    this.#run('rm', join(this.path, 'filler'));
  }

  forbidWrites(): void {
    this.#run('mount', '-o', 'remount,ro', this.path);
  }

  allowWrites(): void {
    this.#run('mount', '-o', 'remount,rw', this.path);
  }

  /** Doubles it, so that from here on only the second half has room. Nobody may use it meanwhile. */
  growFull(): void {
    this.fill();
    this.#run('umount', this.path);
    this.#run('truncate', '-s', `${2 * this.#bytes}`, this.#image);
    this.#run('/usr/sbin/resize2fs', '-f', this.#image);
    this.#mountImage();
  }

  /** The second half of a doubled one fails (EIO); what is there is lost. */
  failHalf(): void {
    this.#resize(this.#bytes);
  }

  healHalf(): void {
    this.#resize(2 * this.#bytes);
  }

  /** What ext4 does of itself when its journal cannot be written: nothing is written any more. */
  abort(): void {
    this.#run('mount', '-o', 'remount,abort', this.path);
  }

  /** Destroys a folder, as a bad disk does; the file system finds out when it is used. */
  destroy(name: string): void {
    this.#run('umount', this.path);
    this.#run('/usr/sbin/debugfs', '-w', '-R', `clri ${name}`, this.#image);
    this.#mountImage();
  }

  /** As after a restart of the host. */
  mountAgain(): void {
    this.#run('umount', this.path);
    this.#mountImage();
  }

  #mountImage(): void {
    this.#run('mount', '-o', 'loop,errors=continue', this.#image, this.path);
  }

  #resize(bytes: number): void {
    const device = this.#run('losetup', '--noheadings', '--output', 'NAME', '--associated', this.#image).trim();
    this.#run('truncate', '-s', `${bytes}`, this.#image);
    this.#run('losetup', '--set-capacity', device);
  }

  #run(...command: string[]): string {
    return this.#namespace.run(...command);
  }
}
