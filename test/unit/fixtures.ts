// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CompactionEvent } from '../../src/event/event.ts';

export { event, events, notRecorded } from './sinks/otlp/events.ts';

/** The path of a fixture; test/fixtures/README.md tells how each was made. */
export const fixture = (name: string): URL => new URL(`../fixtures/${name}`, import.meta.url);

export const fixtureText = (name: string): string => readFileSync(fixture(name), 'utf8');

/** A recording of invented events, which together have every odd value that a column can show. */
export const snoopEvents = (): CompactionEvent[] =>
  fixtureText('snoop/events.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** A temporary folder for a test, removed after it. */
export function temporaryFolder(t: TestContext): (...names: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return (...names) => join(folder, ...names);
}
