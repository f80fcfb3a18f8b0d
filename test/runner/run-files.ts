// SPDX-License-Identifier: Apache-2.0
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { causeOf, endOfProcess, type TestError } from './failure.ts';
import { ROOT } from './layers.ts';
import type { Results } from './results.ts';

/** More files than cores, as most of them wait for something. */
const FILES_AT_ONCE = 4;

export interface RunOptions {
  /** Runs one file at a time, and counts a skipped test as failed. */
  live: boolean;
  timeoutMs: number;
}

/** Of the reason of a failure, in the list at the end; the whole is in the report of its file, far above. */
const REASON_LINES = 24;

function reason(error: TestError): string {
  const lines = [endOfProcess(error) ?? '', ...causeOf(error).message.split('\n')].filter((line) => line.trim() !== '');
  return lines.slice(0, REASON_LINES).join('\n');
}

/** Node.js's compile cache. It saves a fifth of the time of small tests. Live tests, which measure agents, do without it. */
const COMPILED = `${ROOT}build/compiled`;

/** Runs test files, with Node.js's own report on the standard output. */
export async function runFiles(files: string[], { live, timeoutMs }: RunOptions, results: Results): Promise<void> {
  if (!live) process.env.NODE_COMPILE_CACHE = COMPILED;
  const events = run({ files, concurrency: live ? 1 : FILES_AT_ONCE, timeout: timeoutMs });
  const nameOf = (test: { file?: string; name: string }) =>
    test.file === undefined || test.file === test.name ? test.name : `${relative(ROOT, test.file)}: ${test.name}`;
  events.on('test:pass', (test) => {
    if (test.details.type === 'suite') return;
    if (test.skip === undefined && test.todo === undefined) results.passed += 1;
    else if (live) results.failed.push(`${nameOf(test)} (skipped, which counts as failed here)`);
    else results.skipped += 1;
  });
  events.on('test:fail', (test) => {
    if (test.details.type !== 'suite') results.failed.push(`${nameOf(test)}\n${reason(test.details.error)}`);
  });
  events.on('test:summary', ({ file, duration_ms }) => {
    if (file !== undefined) results.files.push({ file: relative(ROOT, file), seconds: duration_ms / 1000 });
  });
  for await (const text of events.compose(spec)) process.stdout.write(text);
  delete process.env.NODE_COMPILE_CACHE;
}
