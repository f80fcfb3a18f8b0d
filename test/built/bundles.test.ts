// SPDX-License-Identifier: Apache-2.0
// What the bundles of dist/ load beside themselves: an installed package has no other libraries for the commands.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const LOADS = [/^(?:import|export) [^;]*?from "([^"]+)";$/gm, /\bimport\("([^"]+)"\)/g, /\b_*require\d*\("([^"]+)"\)/g];

/** The packages that these files load. */
function loaded(...patterns: string[]): string[] {
  const texts = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).map((path) => join(ROOT, path));
  assert.ok(texts.length > 0);
  const names = texts.flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    return LOADS.flatMap((load) => [...text.matchAll(load)].map(([, name]) => name!));
  });
  return [...new Set(names)].filter((name) => !name.startsWith('.') && !isBuiltin(name)).sort();
}

it('the commands load nothing but the addon', () => {
  assert.deepEqual(loaded('dist/{bin,agent,libraries}/*.js'), ['bpf-loader-native']);
});

it('the prober and compactstall/register load nothing', () => {
  assert.deepEqual(loaded('dist/{prober,register}/*.js'), []);
});

it('the library loads only what the package depends on', () => {
  for (const name of loaded('dist/index.js', 'dist/library/*.js')) assert.ok(name in dependencies, name);
});
