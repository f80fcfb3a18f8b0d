// SPDX-License-Identifier: Apache-2.0
/** The package's own files: where they are in a clone, in an installed package, and in the bundles of dist/. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nativePath } from 'bpf-loader-native/prebuilt';

/** The folder with package.json. Bundles put this module into folders of different depths. */
const ROOT = (() => {
  let folder = new URL('./', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) folder = new URL('../', folder);
  return folder;
})();

/** The path of a file of this package. */
export const installed = (file: string): string => fileURLToPath(new URL(file, ROOT));

/** The path of a native part, which may not exist: see nativePath(). @param folder such as `native/process-context` */
export const installedNative = (folder: string, file: string): string => nativePath(new URL(`${folder}/`, ROOT), file);

/** A clone builds its native parts; an installed package brings them. */
const isClone = existsSync(new URL('setup.sh', ROOT));

/** What to do when a native part is missing or cannot be loaded. */
export const BUILD = isClone
  ? './setup.sh builds it.'
  : `Install the package again. It has builds for Linux on x64 and arm64; this is ${process.platform} on ${process.arch}.`;
