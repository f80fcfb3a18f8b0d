// SPDX-License-Identifier: Apache-2.0
// A report of 1 000 000 compactions: memory does not grow with them, each is in the sums, and the page is usable.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { booksReport } from '../../src/event/books-report.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { reportHtml } from '../../src/report/html.ts';
import { ReportModel } from '../../src/report/model.ts';
import { randomFrom } from '../support/random.ts';
import { temporaryFolder } from '../unit/fixtures.ts';
import { browser, open } from './browser.ts';

const COMPACTIONS = 1_000_000;
const BATCH = 256;
/** After these, all limits are reached. */
const FULL = 300_000;
/** What an engine may keep for itself. Two numbers for each of the other 700 000 would be more. */
const MAX_GROWTH = 8e6;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Real compactions, at other times, for other lengths, of other threads: more services, threads and stacks than there are places. */
function* compactions(): Generator<CompactionEvent[]> {
  const recording = readFileSync(new URL('../../examples/recording.jsonl', import.meta.url), 'utf8');
  const real: CompactionEvent[] = recording
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const stacks = Array.from({ length: 3000 }, (_, i) => [...real[i % real.length]!.stack, `caller_${i}+0x1`]);
  const resources = Array.from({ length: 60 }, (_, i) => ({ 'service.name': `service-${i}` }));
  const random = randomFrom(17);
  let start = BigInt(real[0]!.startUnixNano);
  for (let made = 0; made < COMPACTIONS; made += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, COMPACTIONS - made) }, (): CompactionEvent => {
      const thread = Math.floor(random() * 4000);
      start += BigInt(Math.floor(random() * 2e6));
      return {
        ...real[thread % real.length]!,
        startUnixNano: String(start),
        durationNano: Math.floor(1000 * Math.exp(random() * 12)),
        pid: thread,
        tid: thread,
        resource: resources[thread % resources.length]!,
        stack: stacks[Math.floor(random() * stacks.length)]!,
      };
    });
    yield batch;
  }
}

it('1 000 000 compactions', async (t) => {
  const model = new ReportModel();
  let added = 0;
  let sumNano = 0;
  let before = 0;
  for (const batch of compactions()) {
    model.add(batch);
    for (const { durationNano } of batch) sumNano += durationNano;
    added += batch.length;
    if (before > 0 || added < FULL) continue;
    collect();
    before = process.memoryUsage().heapUsed;
  }
  collect();
  const growth = process.memoryUsage().heapUsed - before;
  assert.ok(growth < MAX_GROWTH, `${growth} bytes more after ${added - FULL} more compactions`);

  const books = booksReport({ received: added, decoded: added, malformed: 0, pendingBytes: 0 }, []);
  const report = model.report({ version: '0', recording: 'many.jsonl', filters: [], books });
  assert.deepEqual([report.all.count, report.all.sumNano], [COMPACTIONS, sumNano]);
  assert.equal(report.stalls.length, 5000);
  const html = reportHtml(report);
  assert.ok(html.length < 10e6, `${html.length} characters`);
  t.diagnostic(`${html.length} characters`);

  const file = temporaryFolder(t)('report.html');
  writeFileSync(file, html);
  const { context, close } = await browser();
  t.after(close);
  const { page, faults } = await open(context, file);
  assert.match(await page.locator('.figure.all').innerText(), /1,000,000 compactions/);
  assert.match(
    await page.locator('.books').innerText(),
    /The longest 5,000 of 1,000,000 compactions are shown in full/,
  );
  await page.keyboard.press('j');
  assert.match(await page.locator('aside').innerText(), /Kernel stack/);
  await page.keyboard.press('/');
  await page.keyboard.type('caller_7');
  assert.match(await page.locator('.state').innerText(), /^\d[\d,]* of 5,000 stalls$/);
  assert.deepEqual(faults, []);
});
