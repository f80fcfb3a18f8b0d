// SPDX-License-Identifier: Apache-2.0
// The server of the page, as a real client of HTTP sees it.
import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { UserError } from '../../../src/errors.ts';
import { booksReport } from '../../../src/event/books-report.ts';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { LivePage } from '../../../src/live-page/server.ts';
import type { LiveMore, LiveStart } from '../../../src/report/live.ts';
import { event } from '../fixtures.ts';

const stall = (changes: Partial<CompactionEvent>): CompactionEvent => ({ ...event(0), ...changes });

const NONE = {
  count: 0,
  sumNano: 0,
  scanned: { migrate: 0, free: 0 },
  durations: { scale: 3, zeroThreshold: 2 ** -20, zeroCount: 0, offset: 0, bucketCounts: [] },
};

async function opened(t: TestContext, { host = '127.0.0.1', isStarted = true } = {}) {
  const page = await LivePage.open({ host, port: 0 });
  t.after(() => page.close());
  let reads = 0;
  if (isStarted) {
    page.start({
      version: '0',
      host: 'here',
      filters: [],
      sinceUnixNano: 1n,
      books: () => booksReport({ received: 0, decoded: 0, malformed: 0, pendingBytes: 0 }, []),
      aggregates: () => {
        reads += 1;
        return { compactions: [], compactionsOverflow: NONE, directStalls: [], directStallsOverflow: NONE };
      },
      spans: async (events) => events.map(({ spanId }) => `${spanId}\n`).join(''),
    });
  }
  return { page, url: page.url.replace('0.0.0.0', '127.0.0.1'), reads: () => reads };
}

function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => request(url, { headers, method }, resolve).on('error', reject).end());
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return text;
}

/** The next message of server-sent events. */
async function* messages(response: IncomingMessage): AsyncGenerator<{ event: string; id: string; data: string }> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) {
    text += part;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text.slice(0, end))?.[1] ?? '';
      const message = { event: field('event'), id: field('id'), data: field('data') };
      text = text.slice(end + 2);
      if (message.event !== '') yield message;
    }
  }
}

const query = (start: LiveStart, shown: number, more = '') =>
  `run=${start.run}&come=${start.report.all.count}&shown=${shown}&trigger=direct&trigger=manual&from=0&to=9e12${more}`;

describe('the server of the page', () => {
  it('serves one page, to which nothing is told of other sites', async (t) => {
    const { url } = await opened(t);
    const response = await ask(url);
    assert.equal(response.statusCode, 200);
    const { headers } = response;
    assert.deepEqual(
      [headers['cache-control'], headers['referrer-policy'], headers['x-content-type-options']],
      ['no-store', 'no-referrer', 'nosniff'],
    );
    assert.equal(headers['content-security-policy'], "frame-ancestors 'none'");
    const html = await textOf(response);
    assert.match(html, /content="default-src 'none'; connect-src 'self'; script-src 'sha256-/);
    assert.match(html, /id="data">null</);
    assert.equal((await ask(`${url}nothing`)).statusCode, 404);
    assert.equal((await ask(`${url}events`, {}, 'HEAD')).statusCode, 200);
    for (const [headers, method, status] of [
      [{}, 'POST', 405],
      [{ Host: 'evil.example' }, 'GET', 403],
      [{ 'Sec-Fetch-Site': 'cross-site' }, 'GET', 403],
      [{ Origin: 'http://evil.example' }, 'GET', 403],
    ] as const) {
      for (const path of ['', 'events', 'report.html', 'spans.jsonl']) {
        assert.equal((await ask(url + path, headers, method)).statusCode, status, path);
      }
    }
  });

  it('has a token in its address where other hosts reach it', async (t) => {
    const { url } = await opened(t, { host: '0.0.0.0' });
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    assert.equal((await ask(url)).statusCode, 200);
    const copied = await ask(url.slice(0, -1));
    assert.deepEqual([copied.statusCode, copied.headers.location], [308, new URL(url).pathname]);
    const { origin } = new URL(url);
    for (const path of ['/', '/events', '/report.html', `/${'0'.repeat(32)}/events`]) {
      assert.equal((await ask(origin + path)).statusCode, 403, path);
    }
  });

  it('sends a state, and then what comes; to who has all, only what comes', async (t) => {
    const { page, url } = await opened(t);
    page.add([stall({ spanId: '1'.repeat(16) })]);
    const response = await ask(`${url}events`);
    assert.equal(response.headers['content-type'], 'text/event-stream');
    const coming = messages(response);
    const first = (await coming.next()).value!;
    const start: LiveStart = JSON.parse(first.data);
    assert.deepEqual([first.event, start.report.all.count, start.report.recording], ['state', 1, 'here']);
    page.add([stall({ spanId: '2'.repeat(16) })]);
    const next = (await coming.next()).value!;
    const more: LiveMore = JSON.parse(next.data);
    assert.deepEqual(
      [next.event, (more.events as CompactionEvent[]).map(({ spanId }) => spanId)],
      ['more', ['2'.repeat(16)]],
    );
    assert.notEqual(next.id, first.id);
    assert.ok(next.id.startsWith(start.run));

    const again = messages(await ask(`${url}events`, { 'Last-Event-ID': next.id }));
    page.add([stall({ spanId: '3'.repeat(16) })]);
    assert.equal((await again.next()).value!.event, 'more', 'it has all until here');
    const late = messages(await ask(`${url}events`, { 'Last-Event-ID': first.id }));
    assert.equal((await late.next()).value!.event, 'state');
    response.destroy();
  });

  it('sends a state in place of more events than it keeps', async (t) => {
    const { page, url } = await opened(t);
    const coming = messages(await ask(`${url}events`));
    await coming.next();
    const many = Array.from({ length: 2001 }, (_, i) => stall({ spanId: String(i).padStart(16, '0') }));
    page.add(many);
    const { value } = await coming.next();
    const { report }: LiveStart = JSON.parse(value!.data);
    assert.deepEqual([value!.event, report.all.count, report.stalls.length], ['state', 2001, 2000]);
  });

  it('reads the kernel’s sums only while somebody looks, or when events come', async (t) => {
    const { page, url, reads } = await opened(t);
    assert.equal(reads(), 1);
    for (let i = 0; i < 100; i += 1) page.add([event(i)]);
    assert.equal(reads(), 1, 'at most once a second');
    const response = await ask(`${url}events`);
    const coming = messages(response);
    for (const _ of [1, 2]) await coming.next();
    assert.ok(reads() > 1);
  });

  it('says that it is full, or not ready', async (t) => {
    const { url } = await opened(t);
    const all: IncomingMessage[] = [];
    for (let i = 0; i < 16; i += 1) all.push(await ask(`${url}events`));
    const refused = await ask(`${url}events`);
    assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [503, '1']);
    assert.equal(await textOf(refused), '16 pages are open already\n');
    for (const response of all) response.destroy();
    const starting = await opened(t, { isStarted: false });
    assert.equal(await textOf(await ask(`${starting.url}events`)), 'the agent is starting\n');
  });

  it('exports what a page shows, or says that it cannot', async (t) => {
    const { page, url } = await opened(t);
    const spans = ['a', 'b', 'c'].map((one) => one.repeat(16));
    page.add(spans.slice(0, 2).map((spanId) => stall({ spanId, trigger: 'direct' })));
    const start: LiveStart = JSON.parse((await messages(await ask(`${url}events`)).next()).value!.data);
    // The page has not got this one.
    page.add([stall({ spanId: spans[2]!, trigger: 'direct' })]);
    const save = async (query: string) => {
      const response = await ask(`${url}spans.jsonl?${query}`);
      return `${response.statusCode} ${await textOf(response)}`;
    };
    assert.equal(await save(query(start, 2)), `200 ${spans[0]}\n${spans[1]}\n`);
    assert.equal(await save(query(start, 0, '&text=no+such')), '200 ');
    assert.equal(await save(query(start, 0, '&service=other')), '200 ');
    assert.equal(await save(query(start, 3)), '409 the agent has kept 2 of these 3 stalls; show what is new first\n');
    assert.equal(await save(query({ ...start, run: 'x' }, 2)), '409 the agent was started again\n');
    for (const wrong of ['', 'run=1', query(start, 2).replace('direct', 'x'), query(start, 2).replace('9e12', 'z')]) {
      assert.equal(await save(wrong), '400 it does not say which stalls\n', wrong);
    }
  });

  it('cannot listen where another one does', async (t) => {
    const { url } = await opened(t);
    await assert.rejects(LivePage.open({ host: '127.0.0.1', port: Number(new URL(url).port) }), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(
        error.message,
        `cannot show a page at ${new URL(url).host}: address already in use. Choose another address: --live HOST:PORT.`,
      );
      assert.equal(error.exitCode, 1);
      return true;
    });
  });
});
