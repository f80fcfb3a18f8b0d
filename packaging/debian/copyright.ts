// SPDX-License-Identifier: Apache-2.0
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const IS_LICENCE = /^(licen[cs]e|copying|copyright|notice|third[-_]party)/i;

/** A text, and whose it is. */
type Part = readonly [whose: string, text: string];

/** debian/copyright: the program's own licences, and each text that came with a part of it. */
export function copyright(tree: string): string {
  const parts = [...inTree(tree), ...bundled(tree), ...linked()];
  const byText = Map.groupBy(parts, ([, text]) => short(text.trim()));
  const texts = [...byText].map(([text, same]) => `${same.map(([whose]) => whose).join('\n')}:\n\n${text}\n`);
  return [OWN, ...texts].join(`\n${'-'.repeat(80)}\n`);
}

const texts = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && IS_LICENCE.test(entry.name))
    .map(({ name }) => readFileSync(join(folder, name), 'utf8'));

/** Licences that are files of the tree. */
function inTree(tree: string): Part[] {
  return globSync('**/*', { cwd: tree, withFileTypes: true })
    .filter((entry) => entry.isFile() && IS_LICENCE.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => [`/usr${path.slice(tree.length)}`, readFileSync(path, 'utf8')]);
}

/** Those of npm's packages that are bundled. A bundle names each of their files in a comment. */
function bundled(tree: string): Part[] {
  const bundles = globSync('lib/compactstall/dist/**/*.js', { cwd: tree });
  const names = bundles.flatMap((path) =>
    [
      ...readFileSync(join(tree, path), 'utf8').matchAll(/^\/\/ (?:#region )?node_modules\/((?:@[^/]+\/)?[^/]+)\//gm),
    ].map(([, name]) => name!),
  );
  return [...new Set(names)].sort().flatMap((name) => {
    const found = texts(join(ROOT, 'node_modules', name));
    if (found.length === 0) throw new Error(`node_modules/${name} has no licence`);
    return found.map((text): Part => [`${name}, bundled in /usr/lib/compactstall/dist`, text]);
  });
}

/** Those of the libraries that the compiled parts are linked with. native/portable/tools.sh notes where it has put them. */
function linked(): Part[] {
  const noted = readFileSync(join(ROOT, 'native/portable/build/tools.mk'), 'utf8');
  const folder = (name: string) => new RegExp(`^${name} := (\\S+)`, 'm').exec(noted)![1]!;
  const libraries = folder('libraries');
  // zig brings them as sources.
  const compiler = dirname(dirname(dirname(folder('headers'))));
  const folders = {
    libbpf: join(libraries, 'libbpf'),
    'libelf, of elfutils': join(libraries, 'elfutils'),
    zlib: join(libraries, 'zlib'),
    musl: join(compiler, 'lib/libc/musl'),
    'libc++': join(compiler, 'lib/libcxx'),
  };
  return Object.entries(folders).flatMap(([name, from]) =>
    texts(from).map((text): Part => [`${name}, linked into what is compiled`, text]),
  );
}

/** Debian has these texts already; a package refers to them. */
const COMMON: readonly (readonly [begin: RegExp, file: string])[] = [
  [/^Apache License\s+Version 2\.0/, 'Apache-2.0'],
  [/^(GNU GENERAL PUBLIC LICENSE\s+Version 2|Valid-License-Identifier: GPL-2)/, 'GPL-2'],
  [/^GNU GENERAL PUBLIC LICENSE\s+Version 3/, 'GPL-3'],
  [/^(GNU LESSER GENERAL PUBLIC LICENSE\s+Version 2\.1|Valid-License-Identifier: LGPL-2\.1)/, 'LGPL-2.1'],
  [/^GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3/, 'LGPL-3'],
];

function short(text: string): string {
  const [, file] = COMMON.find(([begin]) => begin.test(text)) ?? [];
  if (file === undefined) return text;
  const owners = text.match(/^\s*Copyright (\(c\) )?\d{4}.*$/gim)?.map((line) => line.trim()) ?? [];
  // The licences' own.
  const others = owners.filter((line) => !/Free Software Foundation/.test(line));
  return [...others, `The text of the licence is in /usr/share/common-licenses/${file}.`].join('\n');
}

const OWN = `compactstall: memory-compaction stalls as OpenTelemetry spans

Copyright: the authors of compactstall

The program is licensed under the Apache License, version 2.0, whose text is in
/usr/share/common-licenses/Apache-2.0. What it loads into the kernel
(/usr/lib/compactstall/bpf) is licensed under the GNU General Public License,
version 2, whose text is in /usr/share/common-licenses/GPL-2.

It is distributed with these parts, each with its own licence:
`;
