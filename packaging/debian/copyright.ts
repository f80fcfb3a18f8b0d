// SPDX-License-Identifier: Apache-2.0
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { thirdParty } from '../third-party.ts';

const IS_LICENCE = /^(licen[cs]e|copying|copyright|notice)/i;

/** A text, and whose it is. */
type Owned = readonly [whose: string, text: string];

/** debian/copyright: the program's own licences, and each text that came with a part of it. */
export function copyright(tree: string): string {
  const parts = [...inTree(tree), ...inParts()];
  const byText = Map.groupBy(parts, ([, text]) => short(text.trim()));
  const texts = [...byText].map(([text, same]) => `${same.map(([whose]) => whose).join('\n')}:\n\n${text}\n`);
  return [OWN, ...texts].join(`\n${'-'.repeat(80)}\n`);
}

/** Licences that are files of the tree. */
function inTree(tree: string): Owned[] {
  return globSync('**/*', { cwd: tree, withFileTypes: true })
    .filter((entry) => entry.isFile() && IS_LICENCE.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => [`/usr${path.slice(tree.length)}`, readFileSync(path, 'utf8')]);
}

function inParts(): Owned[] {
  const places = { bundled: 'bundled in /usr/lib/compactstall/dist', linked: 'linked into what is compiled' };
  return thirdParty().flatMap(({ name, how, texts }) => texts.map((text): Owned => [`${name}, ${places[how]}`, text]));
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
