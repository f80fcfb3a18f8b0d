// SPDX-License-Identifier: Apache-2.0
/** The picture of ARCHITECTURE.md as a table of the imports between folders. A new arrow is a decision, made here. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The folders of src/ that the files of each folder may import, besides their own. Every row names only folders of later rows,
 * so that all arrows point down. Files of src/ itself are listed by their names.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  bin: ['cli', 'node-version'],
  // What the package exports.
  index: ['library', 'sinks', 'event', 'errors'],
  library: ['live', 'event', 'host', 'durations', 'errors', 'messages'],
  cli: [
    'doctor',
    'correlate',
    'configuration',
    'status',
    'systemd',
    'live-page',
    'live',
    'logs',
    'metrics',
    'sinks',
    'spool',
    'report',
    'event',
    'host',
    'http-server',
    'terminal',
    'version',
    'durations',
    'closest',
    'descriptor',
    'installation',
    'errors',
    'messages',
  ],
  // It runs in browsers.
  page: ['report', 'sinks', 'event', 'terminal'],
  correlate: ['event', 'terminal', 'errors', 'messages'],
  status: ['event', 'terminal', 'errors', 'messages'],
  systemd: ['messages'],
  'live-page': ['report', 'event', 'http-server', 'terminal', 'messages'],
  doctor: [
    ...['live', 'enrich', 'prober', 'logs', 'metrics', 'sinks', 'spool', 'event', 'host', 'kernel', 'procfs'],
    ...['http-server', 'node-version', 'terminal', 'errors', 'messages'],
  ],
  configuration: ['logs', 'metrics', 'sinks', 'closest', 'installation', 'terminal', 'errors'],
  live: ['enrich', 'event', 'host', 'kernel', 'lru', 'installation', 'abi.generated', 'errors', 'messages'],
  enrich: ['prober', 'event', 'host', 'procfs', 'lru', 'installation', 'messages'],
  // The next row has all code that runs with CAP_SYS_PTRACE: prober/ and its imports.
  prober: ['otel-environment', 'procfs', 'protobuf', 'lru', 'descriptor', 'abi.generated'],
  logs: ['sinks', 'version', 'messages'],
  metrics: ['sinks', 'event', 'host', 'procfs', 'protobuf', 'http-server', 'terminal', 'version', 'messages'],
  sinks: ['spool', 'event', 'protobuf', 'lru', 'descriptor', 'terminal', 'version', 'errors', 'messages'],
  report: ['event', 'protobuf', 'lru', 'installation'],
  spool: ['descriptor', 'errors', 'messages'],
  event: ['otel-environment', 'protobuf', 'lru', 'terminal', 'abi.generated', 'errors', 'messages'],
  host: ['procfs', 'errors', 'messages'],
  kernel: ['errors', 'descriptor', 'messages'],
  // It runs in applications, so it loads nothing of the agent.
  register: ['otel-environment', 'protobuf', 'installation'],
  // An application's environment, read like its own SDK does: the prober reads it from outside, register from inside.
  'otel-environment': [],
  procfs: ['descriptor'],
  protobuf: [],
  'node-version': ['installation', 'errors'],
  terminal: [],
  version: ['installation'],
  closest: [],
  lru: [],
  installation: [],
  durations: ['errors'],
  descriptor: [],
  'http-server': ['errors', 'messages'],
  errors: ['system-error', 'messages'],
  'system-error': [],
  // What the agent says, as a table.
  messages: [],
  'abi.generated': [],
};

/** The imports between the folders beside src/. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  examples: ['harness', 'src'],
  bench: ['harness', 'packaging', 'src'],
  harness: ['packaging', 'toolchain', 'src'],
  packaging: ['toolchain', 'src'],
  toolchain: [],
};

/** Static, type-only and dynamic imports, and those of a type (`typeof import('...')`). */
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(?\s*)'(\.{1,2}\/[^']+)'/g;

interface Arrow {
  from: string;
  to: string;
}

/** All relative imports below a folder, as paths from the root of the repository. */
function importsBelow(folder: string): Arrow[] {
  const files = globSync(`${folder}/**/*.{ts,js,mjs,cjs}`, {
    cwd: ROOT,
    exclude: (name) => /(^|\/)(node_modules|build|dist)$/.test(name),
  });
  return files.flatMap((from) =>
    [...readFileSync(join(ROOT, from), 'utf8').matchAll(IMPORT)].map(([, to]) => ({
      from,
      to: normalize(join(dirname(from), to!)),
    })),
  );
}

const partOf = (path: string): string => {
  const [, first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
};

test('src/: arrows point down, as the table says', () => {
  const arrows = importsBelow('src');
  assert.ok(arrows.length > 300, `found only ${arrows.length} imports`);
  const wrong = arrows.filter(({ from, to }) => {
    if (!to.startsWith('src/')) return true;
    return partOf(from) !== partOf(to) && !ARROWS[partOf(from)]?.includes(partOf(to));
  });
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} -> ${to}`),
    [],
  );
});

test('every arrow of the table points down, and exists', () => {
  const rows = Object.keys(ARROWS);
  const up = rows.flatMap((from, i) =>
    ARROWS[from]!.filter((to) => rows.indexOf(to) <= i).map((to) => `${from} -> ${to}`),
  );
  assert.deepEqual(up, []);
  const used = new Set(importsBelow('src').map(({ from, to }) => `${partOf(from)} -> ${partOf(to)}`));
  const unused = rows
    .flatMap((from) => ARROWS[from]!.map((to) => `${from} -> ${to}`))
    .filter((arrow) => !used.has(arrow));
  assert.deepEqual(unused, []);
});

test('ARCHITECTURE.md has the same arrows, between folders', () => {
  const isFolder = (name: string) =>
    statSync(join(ROOT, 'src', name), { throwIfNoEntry: false })?.isDirectory() ?? false;
  const rows = Object.entries(ARROWS)
    .map(([from, to]) => ({ from, to: to.filter(isFolder) }))
    .filter(({ from, to }) => isFolder(from) && to.length > 0);
  const width = Math.max(...rows.map(({ from }) => from.length));
  const picture = rows.map(({ from, to }) => `${from.padEnd(width)} -> ${to.join(', ')}\n`).join('');
  const document = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  assert.ok(document.includes(`\`\`\`\n${picture}\`\`\`\n`), picture);
});

test('examples/, bench/ and harness/ import nothing of test/', () => {
  const wrong = Object.entries(OUTSIDE).flatMap(([folder, allowed]) =>
    importsBelow(folder).filter(({ to }) => {
      const [top = ''] = to.split('/');
      return top !== folder && !allowed.includes(top);
    }),
  );
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} -> ${to}`),
    [],
  );
});

test('the reader of imports', () => {
  const text = `
    import './a.ts';
    import type { B } from './b.ts';
    import {
      c,
    } from './c.ts';
    export { d } from './d.ts';
    const e = await import('./e.ts');
    let f: typeof import('./f.ts');
    import g from 'node:fs';
  `;
  assert.deepEqual(
    [...text.matchAll(IMPORT)].map(([, path]) => path),
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `./${name}.ts`),
  );
});
