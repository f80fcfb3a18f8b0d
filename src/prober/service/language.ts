// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';
import { basename } from 'node:path';
import { AT_ENTRY, auxiliaryValue } from '../../procfs/auxv.ts';
import { executableOf } from '../../procfs/executable.ts';
import { type Mapping, mappingAt, readMaps } from '../../procfs/maps.ts';
import { FileSystems } from '../../procfs/mountinfo.ts';
import { attempt } from '../../procfs/proc-file.ts';
import type { Explanation, Language } from '../protocol.ts';
import { findMappedFile, withMappedFile } from '../thread-context/mapped-file.ts';

/** The executables and libraries of a language's runtime. The group is the version. */
const RUNTIMES: readonly (readonly [language: Language, file: RegExp])[] = [
  ['java', /^libjvm\.so$/],
  ['dotnet', /^libcoreclr\.so$/],
  ['python', /^python(\d\.\d+)$|^libpython(\d\.\d+)\D*\.so/],
  ['nodejs', /^node(?:js)?$|^libnode\.so/],
  ['ruby', /^ruby[\d.]*$|^libruby[-\d.]*\.so/],
  ['php', /^php(?:-fpm|-cgi)?[\d.]*$|^libphp[\d.]*\.so/],
  ['erlang', /^beam(?:\.smp)?$/],
];

/** Go's linker puts a note, its build id, into the first page of an executable: this is its type and its name. */
const GO_NOTE = Buffer.from([4, 0, 0, 0, ...Buffer.from('Go\0\0')]);
const FIRST_PAGE = 4096;

/** The language of a program, by its executable and its libraries. */
export function languageOf(pid: number, proc = '/proc'): Pick<Explanation, 'language' | 'version'> {
  const folder = `${proc}/${pid}`;
  const mappings = attempt(() => readMaps(folder)) ?? [];
  const files = new Set(mappings.filter(({ inode }) => inode !== 0).map(({ path }) => basename(path)));
  for (const file of [executableOf(folder) ?? '', ...files]) {
    for (const [language, runtime] of RUNTIMES) {
      const found = runtime.exec(file);
      if (!found) continue;
      const version = found[1] ?? found[2];
      return { language, ...(version !== undefined && { version }) };
    }
  }
  return isGo(pid, mappings, proc) ? { language: 'go' } : {};
}

function isGo(pid: number, mappings: readonly Mapping[], proc: string): boolean {
  const entry = attempt(() => mappingAt(mappings, auxiliaryValue(`${proc}/${pid}`, AT_ENTRY) ?? 0n));
  if (entry === undefined || !new FileSystems(pid, proc).isLocal(entry.device)) return false;
  const page = Buffer.alloc(FIRST_PAGE);
  const read = (descriptor: number) => readSync(descriptor, page, 0, FIRST_PAGE, 0);
  attempt(() => withMappedFile(findMappedFile(pid, entry, proc), read));
  return page.includes(GO_NOTE);
}
