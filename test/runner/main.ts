// SPDX-License-Identifier: Apache-2.0
/**
 * Runs tests, layer after layer, and closes with one line of counts.
 *
 *   npm test                    the main job; layers that this host cannot run are listed with a reason, and run in a machine
 *   npm test -- unit kernel     these layers
 *   npm test -- --all           everything
 *
 * A layer that is named, or included by --all, must run: an omission counts as failed. Optional files of it are only named.
 */

import { runInstead } from './in-machine.ts';
import { FIRST, LAYERS } from './layers.ts';
import { reportText } from './report.ts';
import { Results } from './results.ts';
import { runLayer } from './run-layer.ts';

const words = process.argv.slice(2);
const all = words.includes('--all');
const wanted = words.filter((word) => word !== '--all');
const unknown = wanted.filter((name) => !LAYERS.some((layer) => layer.name === name));
if (unknown.length > 0) {
  console.error(`no such layer: ${unknown.join(', ')}; there are ${LAYERS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const chosen = wanted.length > 0 ? LAYERS.filter(({ name }) => wanted.includes(name)) : all ? LAYERS : FIRST;
const results = new Results();
const strict = all || wanted.length > 0;
for (const layer of chosen) await runLayer(layer, strict, results);
if (results.leftOut.some(({ what }) => what === 'quick')) await runInstead(results);
const notRun = LAYERS.filter((layer) => !chosen.includes(layer));
console.log(`\n${reportText(results, notRun)}`);
process.exit(results.failed.length > 0 || results.passed === 0 ? 1 : 0);
