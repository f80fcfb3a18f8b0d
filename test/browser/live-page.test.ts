// SPDX-License-Identifier: Apache-2.0
// The page of a running agent, in a real browser, with compactions of this host.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { COMPACT_MEMORY, compact, populatedZones } from '../../harness/host.ts';
import { flattenSpans } from '../../harness/receivers/otlp.ts';
import { Agent, parseLines, runToEnd, type StartOptions } from '../support/agent.ts';
import { temporaryFolder } from '../unit/fixtures.ts';
import { browser, type Opened, open } from './browser.ts';
import { ATTEMPTS, violations } from './in-page.ts';

const ZONES = populatedZones().length;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
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

/** The TCP ports where a process listens. */
function listening(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined; // closed meanwhile
      }
    }),
  );
  return ['tcp', 'tcp6']
    .flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[3] === '0A' && sockets.has(words[9]))
    .map((words) => Number.parseInt(words[1]!.split(':')[1]!, 16));
}

/** A client of server-sent events that is no browser. */
const connectedTo = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(url, resolve).on('error', reject));

/** Resolves when the text of a part of the page is so. */
async function until(page: Page, selector: string, isSo: (text: string) => boolean): Promise<string> {
  for (let tries = 0; tries < 600; tries += 1) {
    const text = await page.locator(selector).first().innerText();
    if (isSo(text)) return text;
    await page.waitForTimeout(50);
  }
  throw new Error(`${selector} is: ${await page.locator(selector).first().innerText()}`);
}

/** The browser reports that the agent has ended. */
const isOwnFault = (fault: string) => !/ERR_(?:CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)/.test(fault);

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

  it('links a stall to its trace', async (t) => {
    const { agent, url } = await withPage(t, '--trace-url', 'http://localhost:16686/trace/{traceId}?uiFind={spanId}');
    const { page, faults } = await opened(url);
    await compacted(agent, 1);
    await until(page, '.state', (text) => numberIn(text) >= ZONES);
    const spanId = await rows(page).first().getAttribute('data-span');
    await rows(page).first().getByRole('button').click();
    const { traceId } = agent.events().find((event) => event.spanId === spanId)!;
    assert.equal(
      await page.getByRole('link', { name: 'Open its trace' }).getAttribute('href'),
      `http://localhost:16686/trace/${traceId}?uiFind=${spanId}`,
    );
    assert.deepEqual(faults, []);
  });

  it('shows stalls from before it was opened, and those that come', async (t) => {
    const { agent, url } = await withPage(t);
    await compacted(agent, 3);
    const { page, faults } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= 3 * ZONES);
    assert.equal(await page.locator('.connection').innerText(), 'live');
    await compacted(agent, 4);
    await until(page, '.state', (text) => numberIn(text) >= 7 * ZONES);
    const isRefused = page.waitForEvent('console', (said) => said.text().includes('ERR_CONNECTION_REFUSED'));
    const { stdout } = await agent.stop();
    const ended = 'the agent has ended; trying again';
    await until(page, '.connection', (text) => text === ended);
    await isRefused;
    assert.equal(await page.locator('.connection').innerText(), ended, 'that is no lost connection');
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
    assert.deepEqual(faults.filter(isOwnFault), []);
  });

  it('keeps what is read where it is: paused, scrolled, selected, pointed at', async (t) => {
    const { agent, url } = await withPage(t);
    await compacted(agent, 12);
    const { page, faults } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= 12 * ZONES);
    const first = () => rows(page).first().getAttribute('data-span');
    const news = page.locator('.news');
    /** New stalls wait behind a button, which shows them; the totals do not wait. */
    const isHeld = async (how: string) => {
      const [row, state, all] = [
        await first(),
        await page.locator('.state').innerText(),
        numberIn(await page.locator('.figure.all small').innerText()),
      ];
      await compacted(agent, 2);
      await until(page, '.figure.all small', (text) => numberIn(text) >= all + 2 * ZONES);
      const waiting = await until(page, '.news', (text) => /^\d+ new$/.test(text) && numberIn(text) >= 2 * ZONES);
      assert.match(waiting, /^\d+ new$/, how);
      assert.deepEqual([await first(), await page.locator('.state').innerText()], [row, state], how);
    };
    await page.keyboard.press('p');
    assert.equal(await until(page, '.connection', (text) => text === 'paused'), 'paused');
    await isHeld('paused');
    const paused = await first();
    await page.keyboard.press('n');
    assert.notEqual(await first(), paused, 'the key shows what is new');
    await page.keyboard.press('p');
    await until(page, '.connection', (text) => text === 'live');

    await page.keyboard.press('j');
    assert.match(await page.locator('aside').innerText(), /Kernel stack/);
    await isHeld('selected');
    await page.keyboard.press('Escape');
    await news.waitFor({ state: 'hidden' });

    await page.evaluate('scrollTo(0, 400)');
    await isHeld('scrolled');
    assert.equal(await page.evaluate('scrollY'), 400);
    assert.ok(await page.locator('.brief', { hasText: '✓ nothing lost' }).isVisible(), 'the books in two words');
    const top = await page.evaluate<number>('document.querySelector(".brief").getBoundingClientRect().top');
    assert.ok(top >= 0 && top < 60, 'which stay in sight');
    await news.click();
    await page.evaluate('scrollTo(0, 0)');
    await news.waitFor({ state: 'hidden' });

    await rows(page).nth(3).hover();
    await page.evaluate('scrollTo(0, 0)');
    if (await page.evaluate<boolean>('document.querySelector("tbody:hover") !== null')) await isHeld('pointed at');
    assert.deepEqual(faults, []);
  });

  it('is used by keyboard: triggers, text, time', async (t) => {
    const { agent, url } = await withPage(t);
    await compacted(agent, 3);
    const { page, faults } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= 3 * ZONES);
    await page.keyboard.press('4');
    await until(page, '.state', (text) => !/^(\d+) of \1 /.test(text));
    await page.keyboard.press('4');
    await page.keyboard.press('/');
    await page.keyboard.type('no such thread p n l');
    assert.match(await page.locator('.state').innerText(), /^0 of /);
    assert.equal(await page.locator('.connection').innerText(), 'live', 'keys in the text are text');
    await page.keyboard.press('Escape');
    await page.getByRole('group', { name: /^Durations over time/ }).focus();
    await page.keyboard.press('+');
    assert.match(await page.locator('.state').innerText(), / · 20\d\d-/);
    await page.keyboard.press('l');
    await until(page, '.state', (text) => !text.includes('·'));
    assert.deepEqual(faults, []);
  });

  it("has all compactions in totals and heat map, by the kernel's own sums, where none has a row", async (t) => {
    const { agent, url } = await withPage(t, '--min-duration', '3600s');
    compact(COMPACT_MEMORY, 5);
    const { page, faults } = await opened(url);
    const all = () => page.locator('.figure.all small').innerText();
    await until(page, '.figure.all small', (text) => numberIn(text) >= 5 * ZONES);
    compact(COMPACT_MEMORY, 6);
    await until(page, '.figure.all small', (text) => numberIn(text) >= 11 * ZONES);
    assert.equal(await page.locator('.state').innerText(), '0 of 0 stalls');
    assert.match(await page.locator('.of').innerText(), /of all compactions, by the kernel's own sums$/);
    assert.match(await page.locator('.verdict').innerText(), /^✓ Nothing is lost: .* filters left out have no row\.$/);
    assert.match(await page.locator('.top').innerText(), /Only these have rows: --min-duration 3600s/);
    const { books } = await agent.stop();
    await until(page, '.connection', (text) => text.startsWith('the agent has ended'));
    const paired = books!.equations.find(({ name, terms }) => name === 'paired' && 'emitted' in terms)!;
    assert.equal(numberIn(await all()), paired.total, 'the books');
    assert.match(
      await page.locator('.books').innerText(),
      new RegExp(`left out by --min-duration\\s+${paired.total}\\s`),
    );
    for (const summary of await page.getByText('As a table').all()) await summary.click();
    for (const [number, column] of [
      [0, 2],
      [1, 2],
    ]) {
      const cells = page.locator('.as-table').nth(number!).locator(`tbody td:nth-child(${column})`);
      const sum = (await cells.allInnerTexts()).reduce((total, text) => total + numberIn(text), 0);
      assert.equal(sum, paired.total, ['time stalled', 'durations'][number!]);
    }
    assert.deepEqual(faults.filter(isOwnFault), []);
  });

  it('exports what is shown: lines of a recording, spans, a report', async (t) => {
    const { agent, url } = await withPage(t);
    await compacted(agent, 4);
    const { page, faults } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= 4 * ZONES);
    // Nothing comes in between.
    await page.keyboard.press('p');
    const file = temporaryFolder(t);
    const save = async (form: string): Promise<string> => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: form, exact: true }).click(),
      ]);
      const path = file(`${form.replace('/', '-')}-${download.suggestedFilename()}`);
      await download.saveAs(path);
      return path;
    };
    const shown = numberIn(await page.locator('.state').innerText());
    const lines = await save('JSON lines');
    const own = new Map(agent.events().map((event) => [event.spanId, event]));
    const saved = parseLines(readFileSync(lines, 'utf8'));
    assert.equal(saved.length, shown);
    for (const event of saved) assert.deepEqual(event, own.get(event.spanId));

    const replayed = await runToEnd(['replay', lines, '-o', 'json']);
    assert.deepEqual([replayed.code, parseLines(replayed.stdout)], [0, saved]);
    const spansFile = file('of-replay.jsonl');
    assert.equal((await runToEnd(['replay', lines, '-o', `otlp-json:${spansFile}`])).code, 0);
    const spansIn = (path: string) =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .flatMap((line) => flattenSpans(JSON.parse(line)))
        .sort((a, b) => (a.span < b.span ? -1 : 1));
    const spans = spansIn(await save('OTLP/JSON'));
    assert.equal(spans.length, shown);
    assert.deepEqual(spans, spansIn(spansFile));

    // A part: only what this process has made.
    await page.keyboard.press('4');
    for (const key of ['1', '2', '3', '4']) {
      const chip = page.locator('.chip').nth(Number(key) - 1);
      const isManual = (await chip.innerText()) === 'manual';
      if (((await chip.getAttribute('aria-pressed')) === 'true') !== isManual) await page.keyboard.press(key);
    }
    const manual = parseLines(readFileSync(await save('JSON lines'), 'utf8'));
    assert.deepEqual([...new Set(manual.map(({ trigger }) => trigger))], ['manual']);
    assert.equal(manual.length, saved.filter(({ trigger }) => trigger === 'manual').length);
    assert.equal(spansIn(await save('OTLP/JSON')).length, manual.length);
    const part = await open(context, await save('Report'));
    assert.equal(await part.page.locator('.state').innerText(), `${manual.length} of ${manual.length} stalls`);
    assert.match(await part.page.locator('.top').innerText(), /Only a part of the recording: --trigger manual/);

    await page.keyboard.press('Escape');
    const whole = await open(context, await save('Report'));
    assert.equal(await whole.page.locator('.state').innerText(), `${shown} of ${shown} stalls`);
    assert.equal(
      numberIn(await whole.page.locator('.figure.all small').innerText()),
      agent.events().filter(({ spanId }) => saved.some((event) => event.spanId === spanId)).length,
    );
    assert.deepEqual([...part.faults, ...whole.faults, ...faults], []);
  });

  it('exports spans also from a package that is out of reach of the user that the agent has become', async (t) => {
    const closed = temporaryFolder(t)();
    const inMount = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      `mount --bind "$1" "${closed}/in" && shift && exec "$@"`,
      'sh',
      ROOT,
    ];
    mkdirSync(`${closed}/in`);
    const { agent, url } = await started(['--live', '127.0.0.1:0', '-o', 'json'], {
      program: `${closed}/in/dist/bin/compactstall`,
      under: inMount,
    });
    t.after(() => agent.stop());
    await compacted(agent, 1);
    const { page } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= ZONES);
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'OTLP/JSON', exact: true }).click();
    assert.match(await until(page, '.said', (text) => text !== ''), /^spans\.jsonl: \d+ stalls$/);
  });

  it('says that a question for spans is too long', async (t) => {
    const { agent, url } = await withPage(t);
    await compacted(agent, 1);
    const { page } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= ZONES);
    await page.getByLabel('Text in stalls').fill('x'.repeat(20_000));
    await page.getByRole('button', { name: 'OTLP/JSON', exact: true }).click();
    assert.match(await until(page, '.said', (text) => text !== ''), /^not exported: 431 /);
  });

  it('shows a hostile service name as text: nothing runs, nothing is loaded', async (t) => {
    const { agent, url } = await withPage(t);
    const { page, faults } = await opened(url);
    const marker = `</script><img src=x onerror="document.title='ran'"><b>`;
    const child = spawn(
      process.execPath,
      ['-e', `require('fs').writeFileSync('${COMPACT_MEMORY}', '1'); setTimeout(() => {}, 1e6)`],
      { env: { OTEL_SERVICE_NAME: marker }, stdio: 'ignore' },
    );
    t.after(() => child.kill());
    await agent.until(() => agent.events().some(({ pid }) => pid === child.pid));
    await until(page, '#who', (text) => text.includes(marker));
    for (const level of ['service', 'container', 'process', 'thread']) {
      await page.locator('.tab', { hasText: level }).click();
    }
    await page.locator('select').selectOption({ label: marker });
    assert.match(await page.locator('.of').innerText(), /the kernel's sums have no services/);
    await page.keyboard.press('Escape');
    await rows(page).filter({ hasText: marker }).first().getByRole('button').click();
    for (const summary of await page.locator('summary').all()) await summary.click();
    assert.ok((await page.locator('aside').innerText()).includes(marker));
    assert.equal(await page.locator('img, svg, b, script:not([id]) ~ script').count(), 0);
    assert.match(await page.title(), / · live · compactstall$/);
    assert.deepEqual(faults, []);
    // The policy is in force, too.
    const refused = await page.evaluate<string[]>(ATTEMPTS);
    for (const one of ['require-trusted-types-for', 'img-src', 'connect-src', 'innerHTML'])
      assert.ok(refused.includes(one), `${one} of ${refused}`);
  });

  it('connects again after the agent was started again, and shows its new run', async (t) => {
    const { agent, url } = await withPage(t);
    await compacted(agent, 3);
    const { page } = await opened(url);
    await until(page, '.state', (text) => numberIn(text) >= 3 * ZONES);
    agent.child.kill('SIGKILL');
    await agent.finished;
    await until(page, '.connection', (text) => text === 'connection lost, trying again');
    const { host } = new URL(url);
    const second = await started(['--live', host, '-o', 'json']);
    t.after(() => second.agent.stop());
    await until(page, '.connection', (text) => text === 'live');
    await until(page, '.verdict', (text) => text.includes('every compaction since the start'));
    await compacted(second.agent, 1);
    await until(page, '.state', (text) => numberIn(text) === second.agent.events().length);

    // Who reads what the old one has recorded goes on doing so.
    await page.keyboard.press('p');
    const held = await page.locator('.state').innerText();
    await second.agent.stop('SIGKILL');
    await until(page, '.connection', (text) => text === 'connection lost, trying again');
    const third = await started(['--live', host, '-o', 'json']);
    t.after(() => third.agent.stop());
    await compacted(third.agent, 1);
    const news = await until(page, '.news', (text) => /new$/.test(text) && numberIn(text) >= ZONES);
    assert.match(news, /^the agent was started again: \d+ new$/);
    assert.equal(await page.locator('.state').innerText(), held);
    await page.locator('.news').click();
    await until(page, '.state', (text) => numberIn(text) === third.agent.events().length);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is accessible by the rules of WCAG 2.2 AA, as far as axe can tell, at 400 and 1600 pixels: ${colorScheme}`, async (t) => {
      const { agent, url } = await withPage(t, '--min-duration', '1us', '--trigger', 'manual');
      await compacted(agent, 2);
      for (const width of [400, 1600]) {
        const { page } = await opened(url, width);
        await page.emulateMedia({ colorScheme });
        await page.keyboard.press('j');
        await compacted(agent, 1);
        await until(page, '.news', (text) => /new$/.test(text));
        for (const summary of await page.locator('summary').all()) await summary.click();
        assert.deepEqual(await violations(page), []);
        assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width);
        await page.keyboard.press('p');
        assert.deepEqual(await violations(page), []);
        await page.close();
      }
    });
  }

  it('says why the agent refuses it: too many pages, another token', async (t) => {
    const { agent, url } = await started(['--live', '0.0.0.0:0', '-o', 'json']);
    t.after(() => agent.stop());
    assert.match(url, /^http:\/\/0\.0\.0\.0:\d+\/[0-9a-f]{32}\/$/);
    const here = url.replace('0.0.0.0', '127.0.0.1');
    const others = await Promise.all(Array.from({ length: 16 }, () => connectedTo(`${here}events`)));
    const { page } = await open(context, here);
    await until(
      page,
      '.waiting',
      (text) => text === 'No connection to the agent, trying again: 16 pages are open already.',
    );
    for (const other of others) other.destroy();
    await page.waitForSelector('.verdict');
    await compacted(agent, 1);
    await until(page, '.state', (text) => numberIn(text) >= ZONES);

    await agent.stop('SIGKILL');
    const again = await started(['--live', new URL(url).host, '-o', 'none']);
    t.after(() => again.agent.stop());
    const why = 'the address that compactstall has printed has a token in it';
    await until(page, '.connection', (text) => text === `connection lost, trying again: ${why}`);
  });

  it('is hinted at, and no port is open, when nothing is asked for', async (t) => {
    const agent = await new Agent([]).attached();
    t.after(() => agent.stop());
    await agent.until(() => agent.stderr.includes('to watch it in a browser: compactstall --live\n'));
    assert.deepEqual(listening(agent.pid), []);
    const { agent: withOne, url } = await withPage(t);
    assert.deepEqual(listening(withOne.pid), [Number(new URL(url).port)]);
    assert.doesNotMatch(withOne.stderr, /to watch it/);
  });

  it('is where the documents say', async (t) => {
    const { agent, url } = await started(['start', '--', '--live'], { program: 'npm' });
    t.after(() => agent.stop('SIGINT'));
    assert.equal(url, 'http://127.0.0.1:9465/');
    const { page } = await opened(url);
    assert.equal(await page.locator('h1').innerText(), 'Memory compaction');
  });
});
