// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';

/** What readelf prints of an ELF file, of any architecture. */
export const readelf = (file: string, what: string): string =>
  execFileSync('readelf', ['--wide', what, file], { encoding: 'utf8' });

/** The versions of symbols that an ELF file needs of its libraries, such as GLIBC_2.28. */
export const neededVersions = (file: string): string[] =>
  [...readelf(file, '--version-info').matchAll(/Name: (\S+)/g)].map(([, name]) => name!);

/** The highest of the versions with that name, such as 2.28 of GLIBC. */
export function highestVersion(versions: readonly string[], name: string): string | undefined {
  const found = versions
    .filter((version) => version.startsWith(`${name}_`))
    .map((version) => version.slice(name.length + 1));
  return found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}
