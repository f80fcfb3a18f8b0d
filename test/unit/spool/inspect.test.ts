// SPDX-License-Identifier: Apache-2.0
/** A spool is looked at while its agent removes files. */
import assert from 'node:assert/strict';
import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { it, type TestContext } from 'node:test';
import { DiskFiles } from '../../../src/spool/disk-files.ts';
import { recordHeader, segmentHeader } from '../../../src/spool/format.ts';
import { segmentsIn } from '../../../src/spool/inspect.ts';
import { segmentName } from '../../../src/spool/segment-store.ts';
import { temporaryFolder } from '../fixtures.ts';

const SALT = 1;

/** A folder with so many segments, each with one request. */
function spoolOf(t: TestContext, count: number): { folder: string; paths: string[] } {
  const at = temporaryFolder(t);
  mkdirSync(at('spool'), 0o700);
  const payload = Buffer.from('request');
  const head = recordHeader(payload, { spans: 1, unixMs: 0 }, SALT);
  const paths = Array.from({ length: count }, (_, i) => at('spool', segmentName(i + 1)));
  for (const [i, path] of paths.entries()) {
    writeFileSync(path, Buffer.concat([segmentHeader(i + 1, SALT), head, payload]));
  }
  return { folder: at('spool'), paths };
}

it('a file that goes before it is read is left out', async (t) => {
  const { folder, paths } = spoolOf(t, 3);
  const found: string[] = [];
  for await (const { report } of segmentsIn(folder)) {
    found.push(report.file);
    if (found.length === 1) unlinkSync(paths[1]!);
  }
  assert.deepEqual(found, [segmentName(1), segmentName(3)]);
});

it('a file that goes while the folder is listed is left out', async (t) => {
  const { folder, paths } = spoolOf(t, 300);
  const handle = await open(folder);
  t.after(() => handle.close());
  const files = new DiskFiles(handle);
  // Some go after their names were read.
  while (paths.length > 0) {
    const listing = files.list();
    for (const path of paths.splice(-10)) {
      unlinkSync(path);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const names = (await listing).map(({ name }) => name);
    for (const path of paths) assert.ok(names.some((name) => path.endsWith(name)));
  }
});
