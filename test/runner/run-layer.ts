// SPDX-License-Identifier: Apache-2.0
import { relative } from 'node:path';
import { missingForLive } from './host.ts';
import { type Layer, ROOT } from './layers.ts';
import type { Results } from './results.ts';
import { runFiles } from './run-files.ts';
import { setUp } from './set-up.ts';

const TIMEOUT_MS = 180_000;

let whyNotLive: { why: string | undefined } | undefined;

/** @param strict whether a layer that cannot run counts as failed */
export async function runLayer(layer: Layer, strict: boolean, results: Results): Promise<void> {
  const { name, shows, live, timeoutMs = TIMEOUT_MS } = layer;
  const started = performance.now();
  console.log(`\n=== ${name}: ${shows}`);
  if (layer.files.length === 0) throw new Error(`no test files in layer ${name}`);
  const leaveOut = (what: string, why: string) => {
    console.log(`left out: ${what}. ${why}`);
    if (strict) results.failed.push(`${what} cannot run here`);
    else results.leftOut.push({ what, why });
  };
  const why = (await setUp(layer.setUp)) ?? layer.missing?.();
  if (why !== undefined) return leaveOut(name, why);

  const needsHost = layer.needsHost ?? (() => live);
  // Asked once, as it loads programs.
  if (layer.files.some(needsHost)) whyNotLive ??= { why: await missingForLive() };
  const whyNot = layer.files.some(needsHost) ? whyNotLive?.why : undefined;
  const files = whyNot === undefined ? layer.files : layer.files.filter((file) => !needsHost(file));
  if (whyNot !== undefined) {
    const without = layer.files.filter(needsHost).map((file) => relative(ROOT, file));
    leaveOut(files.length === 0 ? name : without.join(', '), whyNot);
  }
  if (files.length === 0) return;
  try {
    await layer.prepare?.();
  } catch (error) {
    return leaveOut(name, (error as Error).message);
  }
  await runFiles(files, { live, timeoutMs }, results);
  const seconds = (performance.now() - started) / 1000;
  results.layers.push({ name, seconds });
  console.log(`=== ${name}: ${files.length} files, ${seconds.toFixed(0)} s`);
}
