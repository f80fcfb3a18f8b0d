// SPDX-License-Identifier: Apache-2.0
// The page of a running agent, in a real browser, with compactions of this host.
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { COMPACT_MEMORY, compact, populatedZones } from '../../harness/host.ts';
import { Agent, parseLines, type StartOptions } from '../support/agent.ts';
import { browser, type Opened, open } from './browser.ts';

const ZONES = populatedZones().length;
const ADDRESS = /watch it in a browser at (\S+)/;
const NUMBER = /[\d,]+/;

const numberIn = (text: string): number => Number(NUMBER.exec(text)![0].replaceAll(',', ''));

async function started(args: readonly string[], options: StartOptions = {}): Promise<{ agent: Agent; url: string }> {
  const agent = new Agent(args, options);
  await agent.until(() => ADDRESS.test(agent.stderr));
  return { agent, url: ADDRESS.exec(agent.stderr)![1]! };
}

/** An agent with a page, which ends with the test. Its events are on standard output. */
async function withPage(t: TestContext, ...args: string[]) {
  const run = await started(['--live', '127.0.0.1:0', '-o', 'json', ...args], { books: true });
  t.after(() => run.agent.stop());
  return run;
}

/** Own compactions, all of which the agent has handed out. */
async function compacted(agent: Agent, times: number): Promise<void> {
  const own = () => agent.events().filter(({ pid }) => pid === process.pid).length;
  const wanted = own() + times * ZONES;
  compact(COMPACT_MEMORY, times);
  await agent.until(() => own() >= wanted);
}

/** Resolves when the text of a part of the page is so. */
async function until(page: Page, selector: string, isSo: (text: string) => boolean): Promise<string> {
  for (let tries = 0; tries < 600; tries += 1) {
    const text = await page.locator(selector).first().innerText();
    if (isSo(text)) return text;
    await page.waitForTimeout(50);
  }
  throw new Error(`${selector} is: ${await page.locator(selector).first().innerText()}`);
}

const rows = (page: Page) => page.locator('#stalls tbody tr');

describe('the page of a running agent', () => {
  let context: BrowserContext;
  let close: () => Promise<void>;
  before(async () => {
    ({ context, close } = await browser());
  });
  after(() => close());

  const opened = async (url: string, width?: number): Promise<Opened> => {
    const found = await open(context, url, width);
    await found.page.waitForSelector('.verdict');
    return found;
  };

  it('shows stalls from before it was opened, and those that come', async (t) => {
    const { agent, url } = await withPage(t);
    await compacted(agent, 3);
    const { page, faults } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= 3 * ZONES);
    assert.equal(await page.locator('.connection').innerText(), 'live');
    await compacted(agent, 4);
    await until(page, '.state', (text) => numberIn(text) >= 7 * ZONES);
    const { stdout } = await agent.stop();
    await until(page, '.connection', (text) => text === 'the agent has ended; trying again');
    // The page has what the agent has handed out, and the latest is first.
    const events = parseLines(stdout);
    assert.equal(await page.locator('.state').innerText(), `${events.length} of ${events.length} stalls`);
    const latest = events.toSorted((a, b) => Number(BigInt(b.startUnixNano) - BigInt(a.startUnixNano))).slice(0, 25);
    const spans = await rows(page).evaluateAll((all) => all.map((row) => row.getAttribute('data-span')));
    assert.deepEqual(
      spans,
      latest.map(({ spanId }) => spanId),
    );
    assert.match(await page.locator('.verdict').innerText(), /every compaction since the start is on this page/);
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('ERR_CONNECTION_REFUSED')),
      [],
    );
  });

  it('is where the documents say', async (t) => {
    const { agent, url } = await started(['start', '--', '--live'], { program: 'npm' });
    t.after(() => agent.stop('SIGINT'));
    assert.equal(url, 'http://127.0.0.1:9465/');
    const { page } = await opened(url);
    assert.equal(await page.locator('h1').innerText(), 'Memory compaction');
  });
});
