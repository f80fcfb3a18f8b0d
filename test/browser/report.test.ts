// SPDX-License-Identifier: Apache-2.0
// A report of a real recording in a real browser: it shows what is in it, loads nothing, and runs nothing of a recording.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { type CompactionEvent, TRIGGERS } from '../../src/event/event.ts';
import { runToEnd } from '../support/agent.ts';
import { notRecorded, temporaryFolder } from '../unit/fixtures.ts';
import { browser, open } from './browser.ts';
import { ATTEMPTS, IS_DRAWN, violations } from './in-page.ts';

const RECORDING = fileURLToPath(new URL('../../examples/recording.jsonl', import.meta.url));
const EVENTS: CompactionEvent[] = readFileSync(RECORDING, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const LONGEST = EVENTS.reduce((a, b) => (b.durationNano > a.durationNano ? b : a));

async function reportOf(t: TestContext, recording: string, ...args: string[]): Promise<string> {
  const file = temporaryFolder(t)('report.html');
  const { stderr, code } = await runToEnd(['report', recording, '-o', file, ...args]);
  assert.ok(code === 0 || code === 4, stderr);
  return file;
}

function recordingOf(t: TestContext, events: readonly object[]): string {
  const file = temporaryFolder(t)('stalls.jsonl');
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return file;
}

describe('a report in Chromium', () => {
  let context: BrowserContext;
  let close: () => Promise<void>;
  before(async () => {
    ({ context, close } = await browser());
  });
  after(() => close());

  it('shows every part at 400 and at 1600 pixels, without an error or a request', async (t) => {
    const file = await reportOf(t, RECORDING);
    for (const width of [400, 1600]) {
      const { page, faults } = await open(context, file, width);
      assert.equal(await page.title(), 'recording.jsonl · compactstall');
      for (const heading of [
        'When, and for how long',
        'Stalls',
        'Who waited',
        'Which code asked for memory',
        'Did it help? Zones at begin and end',
      ]) {
        assert.equal(await page.getByRole('heading', { name: heading, exact: true }).count(), 1, heading);
      }
      assert.match(await page.locator('.verdict').innerText(), /every compaction of the recording is on this page/);
      assert.equal(await page.locator('.state').innerText(), '65 of 65 stalls');
      // Something is drawn on each canvas.
      const canvases = await page.locator('canvas').count();
      assert.ok(canvases >= 4, String(canvases));
      for (let number = 0; number < canvases; number += 1) {
        assert.ok(await page.evaluate<boolean>(`(${IS_DRAWN})([...document.querySelectorAll("canvas")][${number}])`));
      }
      assert.ok(
        (await page.evaluate<number>('document.documentElement.scrollWidth')) <= width,
        'nothing is wider than the page',
      );
      assert.deepEqual(faults, []);
      await page.close();
    }
  });

  it('is used by keyboard: stalls, triggers, text, zoom, stacks', async (t) => {
    const { page, faults } = await open(
      context,
      await reportOf(t, RECORDING, '--trace-url', 'http://localhost:16686/trace/{traceId}'),
    );
    const state = page.locator('.state');
    await page.keyboard.press('j');
    const panel = page.locator('aside');
    assert.match(await panel.innerText(), /24\.98 ms direct, success/);
    assert.match(await panel.innerText(), /A thread waited, and a block was free at the end\./);
    assert.equal(
      await panel.getByRole('link', { name: 'Open its trace' }).getAttribute('href'),
      `http://localhost:16686/trace/${EVENTS[0]!.traceId}`,
    );
    await page.keyboard.press('1');
    assert.equal(await state.innerText(), '1 of 65 stalls');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('khugepaged');
    assert.equal(await state.innerText(), '2 of 65 stalls');
    await page.keyboard.press('Escape');
    assert.equal(await state.innerText(), '65 of 65 stalls');
    const timeline = page.getByRole('group', { name: /^Timeline of stalls/ });
    await timeline.focus();
    await page.keyboard.press('ArrowRight');
    assert.match(await panel.innerText(), /12\.48 ms direct, success/);
    await page.keyboard.press('+');
    assert.match(await state.innerText(), /^\d+ of 65 stalls · 20\d\d-/);
    await page.keyboard.press('0');
    assert.equal(await state.innerText(), '65 of 65 stalls');
    await page.getByRole('treeitem').first().focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    assert.match(await page.locator('.flame-status').innerText(), /^ret_from_fork_asm: /);
    assert.deepEqual(faults, []);
  });

  it('sorts who waited, and has the same as tables', async (t) => {
    const { page, faults } = await open(context, await reportOf(t, RECORDING));
    const who = page.locator('#who tbody tr');
    assert.match(await who.first().innerText(), /^node 220/);
    await page.locator('#who').getByRole('button', { name: 'Longest' }).click();
    assert.match(await who.first().innerText(), /^khugepaged 41/);
    assert.equal(await page.locator('#who th[aria-sort="descending"]').innerText(), 'Longest');
    for (const summary of await page.getByText('As a table').all()) await summary.click();
    const total = await page.locator('.as-table').first().locator('tbody td:nth-child(2)').allInnerTexts();
    assert.equal(
      total.reduce((sum, text) => sum + Number(text), 0),
      EVENTS.length,
    );
    assert.deepEqual(faults, []);
  });

  it('has all compactions in its sums, also of threads and stacks without a place', async (t) => {
    const events = Array.from({ length: 3100 }, (_, i) => ({
      ...EVENTS[0]!,
      ...{ pid: i + 1, tid: i + 1, stack: [`caller_${i}+0x1`] },
    }));
    const { page } = await open(context, await reportOf(t, recordingOf(t, events)));
    assert.match(await page.locator('.flame-status').innerText(), /^all: .*, 100 %, 3,100 compactions$/);
    const counts = async () => {
      await page.locator('.tab', { hasText: 'service' }).click();
      return (await page.locator('#who td:last-child').allInnerTexts()).map((text) => Number(text.replace(',', '')));
    };
    assert.deepEqual(await counts(), [3000, 100]);
    await page.keyboard.press('/');
    await page.keyboard.type('caller_7');
    assert.deepEqual(await counts(), [3000, 100], 'the text is of stalls only');
    const { page: part } = await open(
      context,
      await reportOf(t, recordingOf(t, [...events, { ...EVENTS[0]!, trigger: 'manual' as const }])),
    );
    await part.keyboard.press('1');
    assert.match(await part.locator('.flame-status').innerText(), / 1 compaction$/);
  });

  it('shows names of any kind as text: nothing runs, nothing is loaded', async (t) => {
    const marker = `</script><img src="x" onerror="document.title='ran'"><b>`;
    const hostile = EVENTS.map(
      (event): CompactionEvent => ({
        ...event,
        comm: `<i>${event.comm}`,
        executable: '<!--<script>',
        container: `"><svg onload="document.title='ran'">`,
        resource: { ...event.resource, 'service.name': marker, [marker]: 'javascript:void 0' },
        zone: '{{data}}',
        status: `\u202e${event.status}\u2028`,
        stack: [marker, ...event.stack],
      }),
    );
    const { page, faults } = await open(context, await reportOf(t, recordingOf(t, hostile)));
    await page.keyboard.press('j');
    for (const level of ['service', 'container', 'process', 'thread']) {
      await page.locator('.tab', { hasText: level }).click();
    }
    for (const summary of await page.locator('summary').all()) await summary.click();
    assert.ok((await page.locator('aside').innerText()).includes(marker));
    assert.ok((await page.locator('#who').innerText()).includes(marker));
    assert.equal(await page.locator('img, svg, b, script:not([id]) ~ script').count(), 0);
    assert.notEqual(await page.title(), 'ran');
    assert.doesNotMatch(await page.locator('body').innerText(), /\u202e/);
    assert.deepEqual(faults, []);
  });

  it('has a policy in force: no other script, no request, no HTML of text', async (t) => {
    const { page } = await open(context, await reportOf(t, RECORDING));
    const refused = await page.evaluate<string[]>(ATTEMPTS);
    for (const one of ['require-trusted-types-for', 'img-src', 'connect-src', 'innerHTML'])
      assert.ok(refused.includes(one), `${one} of ${refused}`);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is accessible by the rules of WCAG 2.2 AA, as far as axe can tell: ${colorScheme}`, async (t) => {
      const missing = notRecorded({ startUnixNano: LONGEST.startUnixNano });
      const file = await reportOf(t, recordingOf(t, [...EVENTS, missing]), '--trace-url', 'http://localhost/{traceId}');
      const { page } = await open(context, file);
      await page.emulateMedia({ colorScheme });
      await page.keyboard.press('j');
      for (const summary of await page.locator('summary').all()) await summary.click();
      assert.deepEqual(await violations(page), []);
    });
  }

  it('offers the services that it knows, and all of them: also where none is known, or there are too many', async (t) => {
    const optionsOf = async (events: readonly CompactionEvent[]) => {
      const { page } = await open(context, await reportOf(t, recordingOf(t, events)));
      return page.locator('option').allInnerTexts();
    };
    assert.deepEqual(await optionsOf([]), ['all services']);
    const [{ resource, ...first }] = EVENTS as [CompactionEvent];
    assert.deepEqual(await optionsOf([first]), ['all services', '(no service)']);
    const many = Array.from({ length: 42 }, (_, i) => ({ ...first, resource: { 'service.name': `shop-${i}` } }));
    const options = await optionsOf(many);
    assert.deepEqual([options.length, options.at(-1)], [42, '(others: search by text)']);
    // A service of that name is not the others.
    const { page } = await open(context, await reportOf(t, recordingOf(t, many)));
    await page.locator('select').selectOption('shop-7');
    await page.getByText('As a table').first().click();
    assert.deepEqual(await page.locator('.as-table').first().locator('tbody td:nth-child(2)').allInnerTexts(), ['1']);
    assert.equal(await page.locator('.state').innerText(), '1 of 42 stalls');
  });

  it('has room for its title, however many triggers there are', async (t) => {
    const events = EVENTS.map((event, i) => ({ ...event, trigger: TRIGGERS[i % TRIGGERS.length]! }));
    const missing = notRecorded({ startUnixNano: LONGEST.startUnixNano });
    const file = await reportOf(t, recordingOf(t, [...events, missing]));
    for (const width of [400, 700, 1000, 1400]) {
      const { page } = await open(context, file, width);
      const title = (await page.locator('.title').boundingBox())!;
      assert.ok(title.width >= 300 && title.height < 150, `${width}: ${title.width} by ${title.height}`);
      assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, String(width));
      await page.close();
    }
  });

  it('names the host of a row, a lane and a zone where there are several', async (t) => {
    const on = (name: string) => EVENTS.map((event) => ({ ...event, host: { name } }));
    const { page, faults } = await open(context, await reportOf(t, recordingOf(t, [...on('web-1'), ...on('web-2')])));
    assert.match(await page.locator('.title').innerText(), / · 2 hosts \(web-1, web-2\) · /);
    const who = await page.locator('#who tbody tr').allInnerTexts();
    assert.deepEqual(
      who
        .filter((row) => row.startsWith('node 220'))
        .map((row) => /web-\d/.exec(row)![0])
        .sort(),
      ['web-1', 'web-2'],
    );
    assert.deepEqual(
      (await page.locator('.zone h3').allInnerTexts()).map((text) => text.split(' ')[0]),
      ['web-1', 'web-2'],
    );
    await page.keyboard.press('j');
    assert.match(await page.locator('aside').innerText(), /Host\s+web-1/);
    const one = await open(context, await reportOf(t, recordingOf(t, on('web-1'))));
    assert.match(await one.page.locator('.title').innerText(), / · web-1 · /);
    await one.page.keyboard.press('j');
    assert.doesNotMatch(await one.page.locator('main').innerText(), /web-1/);
    assert.deepEqual([...faults, ...one.faults], []);
  });

  it('has the dates of times on several days', async (t) => {
    const later = BigInt(EVENTS[0]!.startUnixNano) + 3n * 86_400_000_000_000n;
    const events = [EVENTS[0]!, { ...EVENTS[1]!, startUnixNano: String(later) }];
    const { page } = await open(context, await reportOf(t, recordingOf(t, events)));
    assert.match(await page.locator('.title').innerText(), /2026-11-29 [\d:.]+ – 2026-12-02 /);
    assert.match(await page.locator('#stalls tbody').innerText(), /2026-11-29 \d[\s\S]*2026-12-02 \d/);
  });

  it('says what of the recording is on it', async (t) => {
    const verdictOf = async (recording: string, ...args: string[]) => {
      const { page } = await open(context, await reportOf(t, recording, ...args));
      return page.locator('.verdict').innerText();
    };
    assert.equal(
      await verdictOf(RECORDING, '--trigger', 'direct'),
      '✓ The books balance: every compaction of the recording that the filters leave is on this page.',
    );
    const malformed = temporaryFolder(t)('stalls.jsonl');
    writeFileSync(malformed, 'no event\nnor this\n');
    assert.equal(await verdictOf(malformed), '! 2 compactions have no row: left out or lost.');
    const data = readFileSync(await reportOf(t, RECORDING), 'utf8').replace('"books":{', '"isPart":true,"books":{');
    const part = temporaryFolder(t)('part.html');
    writeFileSync(part, data);
    const { page } = await open(context, part);
    assert.equal(
      await page.locator('.verdict').innerText(),
      '! The recording was not read to its end: what comes later is not on this page.',
    );
  });

  it('has the time when compactions were lost, also after the last one', async (t) => {
    const lost = notRecorded({ startUnixNano: '1795955600000000000', durationNano: 10e9 });
    for (const events of [[...EVENTS, lost], [lost]]) {
      const { page, faults } = await open(context, await reportOf(t, recordingOf(t, events)));
      await page.getByRole('group', { name: /^Time stalled/ }).focus();
      // To its end.
      await page.keyboard.press('+');
      for (let i = 0; i < 8; i += 1) await page.keyboard.press('ArrowRight');
      assert.match(await page.locator('.state').innerText(), / – (2026-11-29 )?12:33:30\.\d+$/);
      assert.deepEqual(faults, []);
    }
  });

  it('has what is missing at the top', async (t) => {
    const missing = notRecorded({ count: 1234, startUnixNano: LONGEST.startUnixNano });
    const {
      sumNano: _,
      longestNano: __,
      limit: ___,
      ...lost
    } = notRecorded({
      count: 7,
      reason: 'ring_full',
      startUnixNano: LONGEST.startUnixNano,
    });
    const { page } = await open(context, await reportOf(t, recordingOf(t, [...EVENTS, missing, lost])));
    assert.match(await page.locator('.verdict').innerText(), /1,241 compactions have no row: left out or lost/);
    const rows = await page.locator('.books tbody tr').allInnerTexts();
    assert.ok(
      rows.some((row) => /the ring buffer was full\s+7\s+not known/.test(row)),
      rows.join('\n'),
    );
  });
});
