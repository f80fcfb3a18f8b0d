// SPDX-License-Identifier: Apache-2.0
/** Where a native part of a package is: built in its folder, or brought with the package for this host. Loads no addon. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The path of a native part: `build/FILE` in its folder, if there is a `build`, as in a clone; or else what the package brings,
 * `prebuilds/linux-ARCH/FILE`, or `prebuilds/linux-ARCH-LIBC/FILE` where it depends on the C library. The last of these may not exist:
 * then there is no build for this host.
 *
 * @param folder with a slash at the end
 */
export function nativePath(folder: URL, file: string): string {
  const at = (place: string) => fileURLToPath(new URL(`${place}/${file}`, folder));
  const platform = `prebuilds/${process.platform}-${process.arch}`;
  if (existsSync(new URL('build', folder))) return at('build');
  return existsSync(at(platform)) ? at(platform) : at(`${platform}-${libc()}`);
}

/** The C library that this process runs with: musl is its own dynamic linker, which is mapped. */
function libc(): 'glibc' | 'musl' {
  return /\/ld-musl-/.test(readFileSync('/proc/self/maps', 'latin1')) ? 'musl' : 'glibc';
}
