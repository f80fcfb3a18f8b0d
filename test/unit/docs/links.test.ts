// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = new URL('../../..', import.meta.url).pathname;
const DOCUMENTS = globSync('{*,*/**/*}.md', { cwd: ROOT, exclude: isForeign }).sort();
/** Each answers one reader's question. */
const EXPECTED = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/attributes.md',
  'docs/cli.md',
  'docs/configuration.md',
  'docs/contexts.md',
  'docs/decisions/README.md',
  'docs/deploy.md',
  'docs/doctor.md',
  'docs/library.md',
  'docs/overhead.md',
  'docs/reading-a-stall.md',
  'docs/register.md',
  'docs/troubleshooting.md',
];
/** Inline code that names a file or folder of this repository, except built files and patterns. */
const PATH =
  /`((?:bench|bpf|docs|examples|findings|harness|native|otel-collector|packaging|src|test|toolchain)\/[\w./-]*)`/g;
/** The same in a comment or a string of any file, by its kind; not a part of a longer path. */
const FOLDERS = 'bench,docs,examples,findings,harness,otel-collector,packaging,src,test,toolchain';
const NAMED = new RegExp(`(?<![\\w/.@-])(?:${FOLDERS.replaceAll(',', '|')})/[\\w./-]+\\.(?:md|ts|sh|yaml)\\b`, 'g');
const LINK = /\]\(([^()\s]+)\)|(?:src|srcset|href)="([^"]+)"/g;

describe('documents', () => {
  it('are in the usual places', () => {
    for (const document of EXPECTED) assert.ok(DOCUMENTS.includes(document), `${document} is missing`);
  });

  it('link to existing files and headings', () => {
    const broken = DOCUMENTS.flatMap((document) =>
      linksOf(read(document))
        .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(document, link))
        .map((link) => `${document}: ${link}`),
    );
    assert.deepEqual(broken, []);
  });

  it('name existing files and folders', () => {
    const missing = DOCUMENTS.flatMap((document) =>
      [...withoutFences(read(document)).matchAll(PATH)]
        .map(([, path]) => path!)
        .filter((path) => !/\/(?:build|dist)\//.test(path) && !existsSync(join(ROOT, path)))
        .map((path) => `${document}: ${path}`),
    );
    assert.deepEqual(missing, []);
  });

  it('are the ones that comments name, as are other files', () => {
    const files = globSync(`{${FOLDERS}}/**/*.*`, { cwd: ROOT, exclude: isForeign }).filter(
      (path) => !/fixtures|golden/.test(path),
    );
    const missing = files.flatMap((file) =>
      [...read(file).matchAll(NAMED)]
        .map(([path]) => path)
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${file}: ${path}`),
    );
    assert.deepEqual(missing, []);
  });

  it('docs/decisions/README.md lists every decision, in order, by its title', () => {
    const decisions = globSync('docs/decisions/[0-9]*.md', { cwd: ROOT }).sort();
    const listed = [...read('docs/decisions/README.md').matchAll(/^(\d+)\. \[(.+)\]\((.+)\)$/gm)];
    assert.deepEqual(
      listed.map(([, number, title, file]) => [`docs/decisions/${file}`, `# ${number}. ${title}`]),
      decisions.map((file) => [file, read(file).split('\n')[0]]),
    );
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Folders with files of others. */
function isForeign(path: string): boolean {
  return /(?:^|\/)(?:node_modules|build|dist|\.[^/]+)$/.test(path);
}

function withoutFences(text: string): string {
  return text.replace(/^```.*?^```$/gms, '');
}

function linksOf(text: string): string[] {
  // Code has no links.
  const prose = withoutFences(text).replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(LINK)].map(([, markdown, html]) => (markdown ?? html)!);
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path, anchor] = link.split('#') as [string, string | undefined];
  const target = path === '' ? join(ROOT, document) : join(ROOT, dirname(document), path);
  if (relative(ROOT, target).startsWith('..') || !existsSync(target)) return false;
  return anchor === undefined || (statSync(target).isFile() && anchorsOf(readFileSync(target, 'utf8')).has(anchor));
}

/** Anchors as GitHub makes them: lower case, without punctuation, spaces as hyphens, repeated ones numbered. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutFences(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const words = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!);
  return anchors;
}
