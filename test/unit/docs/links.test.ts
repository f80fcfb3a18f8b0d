// SPDX-License-Identifier: Apache-2.0
// Links between the documents lead to a file that is there, and to a heading that is in it. (Pictures have tests of their own.)
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readText } from './messages.ts';

const ROOT = new URL('../../../', import.meta.url);
const inFolder = (folder: string) => readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' });
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...inFolder('docs/').map((name) => `docs/${name}`),
].filter((path) => path.endsWith('.md'));

/** As GitHub makes them: lower case, without punctuation, blanks as dashes. */
function anchors(path: string): Set<string> {
  const headings = readText(path)
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-');
  return new Set([...headings].map(([, heading]) => slug(heading!)));
}

function brokenLinks(path: string): string[] {
  const text = readText(path).replace(/^```[\s\S]*?^```/gm, '');
  const links = [...text.matchAll(/(?<!!\[[^\]]*)\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : new URL(file, new URL(path, ROOT)).href.slice(ROOT.href.length);
    if (!existsSync(new URL(target, ROOT))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchors(target).has(anchor);
  });
}

describe('links', () => {
  for (const path of DOCUMENTS) it(`of ${path}`, () => assert.deepEqual(brokenLinks(path), []));
});
