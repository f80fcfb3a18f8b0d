// SPDX-License-Identifier: Apache-2.0
import { relative } from 'node:path';
import { missingForLive } from './host.ts';
import { type Layer, ROOT } from './layers.ts';
import { withoutMissing } from './optional.ts';
import type { Obstacle, Results } from './results.ts';
import { runFiles } from './run-files.ts';
import { setUp } from './set-up.ts';

const TIMEOUT_MS = 180_000;

let live: { obstacle: Obstacle | undefined } | undefined;

/** @param strict whether a layer that cannot run counts as failed */
export async function runLayer(layer: Layer, strict: boolean, results: Results): Promise<void> {
  const { name, shows, timeoutMs = TIMEOUT_MS } = layer;
  const started = performance.now();
  console.log(`\n=== ${name}: ${shows}`);
  if (layer.files.length === 0) throw new Error(`no test files in layer ${name}`);
  const leaveOut = (what: string, { why, ofHost }: Obstacle) => {
    const counts = strict || !ofHost;
    console.log(`${counts ? 'cannot run, which counts as failed' : 'left out'}: ${what}. ${why}`);
    if (counts) results.failed.push(`${what} cannot run here: ${why}`);
    else results.leftOut.push({ what, why });
  };
  const obstacle = (await setUp(layer.setUp)) ?? lack(layer.missing?.());
  if (obstacle !== undefined) return leaveOut(name, obstacle);

  const needsHost = layer.needsHost ?? (() => layer.live);
  // Asked once: it loads programs.
  if (layer.files.some(needsHost)) live ??= { obstacle: await missingForLive() };
  const whyNot = layer.files.some(needsHost) ? live?.obstacle : undefined;
  const files = whyNot === undefined ? layer.files : layer.files.filter((file) => !needsHost(file));
  if (whyNot !== undefined) {
    const without = layer.files.filter(needsHost).map((file) => relative(ROOT, file));
    leaveOut(files.length === 0 ? name : without.join(', '), whyNot);
  }
  if (files.length === 0) return;
  try {
    await layer.prepare?.();
  } catch (error) {
    return leaveOut(name, { why: `it cannot be prepared: ${(error as Error).message}`, ofHost: false });
  }
  const run = withoutMissing(files, layer.optional, results);
  await runFiles(run, { live: layer.live, timeoutMs }, results);
  const seconds = (performance.now() - started) / 1000;
  results.layers.push({ name, seconds });
  console.log(`=== ${name}: ${run.length} files, ${seconds.toFixed(0)} s`);
}

const lack = (why: string | undefined): Obstacle | undefined => (why === undefined ? undefined : { why, ofHost: true });
