// SPDX-License-Identifier: Apache-2.0
// Runs the tests, layer after layer, and closes with one line of counts. `npm test -- unit kernel` runs those layers only;
// with --all it is a failure that a layer cannot run here.
// A skipped test counts as failed in the layers that need this host's kernel or the real backends: they exist to run.
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { ensureMachines, missingForMachines } from '../harness/machine/ensure.ts';
import { ensureNodes, missingForNodes } from '../harness/node-versions.ts';
import { ensureBackends } from '../harness/receivers/receivers.ts';
import { ensureAutoInstrumentation } from './register/auto-instrumentation.ts';

interface Layer {
  name: string;
  files: string[];
  /** Live layers compact this machine's memory and count what happens: one file at a time. */
  live: boolean;
  /** Of a test file; only a hang takes as long. */
  timeoutMs?: number;
  /** What takes minutes, the first time: not inside a test with a time limit. */
  prepare?: () => unknown;
  /** Why it cannot run here, if it cannot. */
  missing?: () => string | undefined;
}

const root = new URL('..', import.meta.url).pathname;
const files = (pattern: string) =>
  globSync(pattern, { cwd: root })
    .sort()
    .map((file) => `${root}${file}`);

const LAYERS: readonly Layer[] = [
  { name: 'unit', files: files('test/unit/**/*.test.ts'), live: false },
  { name: 'native', files: files('native/bpf-loader/test/*.test.ts'), live: true },
  { name: 'kernel', files: files('test/kernel/*.test.ts'), live: true, prepare: () => ensureNodes() },
  { name: 'backends', files: files('test/backends/*.test.ts'), live: true, prepare: () => ensureBackends() },
  {
    name: 'register',
    files: files('test/register/*.test.ts'),
    live: true,
    prepare: () => {
      ensureNodes();
      ensureAutoInstrumentation();
    },
    missing: missingForNodes,
  },
  {
    name: 'vm',
    files: files('test/vm/*.test.ts'),
    live: true,
    timeoutMs: 3_600_000,
    prepare: ensureMachines,
    missing: missingForMachines,
  },
];
const TIMEOUT_MS = 180_000;

const counts = { passed: 0, failed: 0, skipped: 0 };

async function runLayer({ name, files, live, timeoutMs = TIMEOUT_MS, prepare, missing }: Layer): Promise<void> {
  console.log(`\n=== ${name}: ${files.length} files`);
  if (files.length === 0) throw new Error(`no test files in layer ${name}`);
  const reason = missing?.();
  if (reason !== undefined) {
    console.log(`left out: ${reason}`);
    if (all) counts.failed += 1;
    return;
  }
  try {
    await prepare?.();
  } catch (error) {
    console.log(`cannot be prepared, which counts as failed: ${(error as Error).message}`);
    counts.failed += 1;
    return;
  }
  const events = run({ files, concurrency: !live, timeout: timeoutMs });
  events.on('test:pass', (test) => {
    if (test.details.type === 'suite') return;
    if (test.skip === undefined && test.todo === undefined) counts.passed += 1;
    else skipped(test.name, live);
  });
  events.on('test:fail', (test) => {
    if (test.details.type !== 'suite') counts.failed += 1;
  });
  for await (const text of events.compose(spec)) process.stdout.write(text);
}

function skipped(test: string, live: boolean): void {
  if (live) {
    console.log(`skipped, which counts as failed here: ${test}`);
    counts.failed += 1;
  } else {
    counts.skipped += 1;
  }
}

const wanted = process.argv.slice(2).filter((word) => word !== '--all');
/** A layer that is asked for has to run. */
const all = process.argv.includes('--all') || wanted.length > 0;
const unknown = wanted.filter((name) => !LAYERS.some((layer) => layer.name === name));
if (unknown.length > 0) {
  console.error(`no such layer: ${unknown.join(', ')}; there are ${LAYERS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const layers = LAYERS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
for (const layer of layers) await runLayer(layer);

console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
