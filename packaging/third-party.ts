// SPDX-License-Identifier: Apache-2.0
/** The parts of others that the packages hold. Needs ./setup.sh package. */
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const TOOLS = join(ROOT, 'native/portable/');
const IS_LICENCE = /^(licen[cs]e|copying|copyright|notice|third[-_]party)/i;
/** A bundle names each file of a library in a comment; the page of reports names its one library. */
const REGION = /^\/\/ ?(?:#region )?(node_modules\/\S+)$/gm;
const PACKAGE = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/;

export interface Part {
  name: string;
  version: string;
  /** An expression of SPDX. */
  licence: string;
  /** A package URL. */
  purl: string;
  /** How it is in the package. */
  how: 'bundled' | 'linked';
  /** The texts of its licences, as they came with it. */
  texts: string[];
}

export const thirdParty = (): Part[] => [...bundled(), ...linked()];

/** npm's packages in the bundles of dist/. */
function bundled(): Part[] {
  const regions = globSync('dist/**/*.{js,html}', { cwd: ROOT }).flatMap((path) => [
    ...readFileSync(join(ROOT, path), 'utf8').matchAll(REGION),
  ]);
  const folders = new Set(regions.map(([, file]) => PACKAGE.exec(file!)![0]));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return { name, version, licence: license, purl, how: 'bundled', texts: textsIn(join(ROOT, folder)) };
  });
}

/** Libraries that the compiled parts are linked with: libc++ and musl come with zig, as sources. */
function linked(): Part[] {
  const noted = readFileSync(join(TOOLS, 'build/tools.mk'), 'utf8');
  const folder = (name: string) => new RegExp(`^${name} := (\\S+)`, 'm').exec(noted)![1]!;
  const zig = dirname(dirname(dirname(folder('headers'))));
  const zigVersion = /^ziglang==(\S+)/m.exec(readFileSync(join(TOOLS, 'requirements.txt'), 'utf8'))![1]!;
  const fetched = readFileSync(join(TOOLS, 'tools.sh'), 'utf8');
  const ofDebian = (name: string, licence: string): Part => {
    const version = new RegExp(`/${name}_(\\S+)\\.orig\\.`).exec(fetched)![1]!;
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=source`;
    return { name, version, licence, purl, how: 'linked', texts: textsIn(join(folder('libraries'), name)) };
  };
  const ofZig = (name: string, licence: string, path: string): Part => {
    const purl = `pkg:pypi/ziglang@${zigVersion}#lib/${path}`;
    return {
      name,
      version: `of zig ${zigVersion}`,
      licence,
      purl,
      how: 'linked',
      texts: textsIn(join(zig, 'lib', path)),
    };
  };
  return [
    ofDebian('libbpf', 'LGPL-2.1-only OR BSD-2-Clause'),
    ofDebian('elfutils', 'GPL-2.0-or-later OR LGPL-3.0-or-later'),
    ofDebian('zlib', 'Zlib'),
    ofZig('musl', 'MIT', 'libc/musl'),
    ofZig('libc++', 'Apache-2.0 WITH LLVM-exception', 'libcxx'),
  ];
}

function textsIn(folder: string): string[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && IS_LICENCE.test(entry.name),
  );
  if (files.length === 0) throw new Error(`${folder} has no licence`);
  return files.map(({ name }) => readFileSync(join(folder, name), 'utf8').trim());
}
