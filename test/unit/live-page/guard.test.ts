// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Asked, Guard } from '../../../src/live-page/guard.ts';

const HERE = { host: '127.0.0.1', port: 9465 };

/** The path below the root, or the reason of a refusal. */
function ask(guard: Guard, url: string, headers: Asked['headers'] = {}, method = 'GET'): string {
  const asked = guard.look({ method, url, headers: { host: '127.0.0.1:9465', ...headers } });
  return 'why' in asked ? `${asked.status} ${asked.why}` : asked.path;
}

describe('the page of this host', () => {
  const guard = new Guard(HERE);

  it('answers to the names of this host, with any port: a tunnel has another', () => {
    for (const host of ['127.0.0.1:9465', 'localhost:1', '[::1]:9465', 'LOCALHOST', '127.0.0.1']) {
      assert.equal(ask(guard, '/events', { host }), 'events', host);
    }
    assert.equal(ask(new Guard({ host: '127.0.0.2', port: 1 }), '/', { host: '127.0.0.2:1' }), '');
  });

  it('refuses a name that somebody else may give to this address', () => {
    const names = ['evil.example', '127.0.0.1.evil.example', 'localhost.', '127.0.0.2', '', 'a b', '[::1', undefined];
    names.push(
      ...['x@127.0.0.1', '127.0.0.1/x', '127.0.0.1:', '127.1', '2130706433', '127.0.0.1:1:2', '[0::1]', '127.0.0.1, x'],
    );
    for (const host of names) {
      assert.equal(ask(guard, '/', { host }), '403 it is asked for by the name of another host', host);
    }
  });

  it('refuses what other sites ask for, except a link to the page', () => {
    const elsewhere = '403 another site has asked for it';
    for (const site of ['cross-site', 'same-site']) {
      assert.equal(ask(guard, '/events', { 'sec-fetch-site': site }), elsewhere);
      const link = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      assert.equal(ask(guard, '/', link), '');
      assert.equal(ask(guard, '/', { ...link, 'sec-fetch-dest': 'iframe' }), elsewhere);
      assert.equal(ask(guard, '/events', link), elsewhere);
    }
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://127.0.0.1:9465']) {
      assert.equal(ask(guard, '/', { origin }), elsewhere, origin);
    }
    assert.equal(ask(guard, '/events', { origin: 'http://127.0.0.1:9465', 'sec-fetch-site': 'same-origin' }), 'events');
    assert.equal(ask(guard, '/', { 'sec-fetch-site': 'none' }), '');
  });

  it('takes no other method, and no address in place of a path', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      assert.equal(ask(guard, '/', {}, method), '405 only GET and HEAD are answered');
    }
    assert.equal(ask(guard, '/', {}, 'HEAD'), '');
    for (const url of ['http://evil.example/', '*', '']) assert.equal(ask(guard, url), '403 this is not a path', url);
  });

  it('has no token', () => assert.equal(guard.root, '/'));
});

describe('the page for other hosts', () => {
  const guard = new Guard({ host: '0.0.0.0', port: 9465 });
  const refusal = '403 the address that compactstall has printed has a token in it';

  it('has a token of 128 bits in its address, another one each time', () => {
    assert.match(guard.root, /^\/[0-9a-f]{32}\/$/);
    assert.notEqual(new Guard({ host: '0.0.0.0', port: 9465 }).root, guard.root);
    assert.match(new Guard({ host: '::', port: 1 }).root, /^\/[0-9a-f]{32}\/$/);
  });

  it('answers whoever has it, under any name', () => {
    assert.equal(ask(guard, guard.root, { host: 'node-7.example' }), '');
    assert.equal(ask(guard, `${guard.root}events?x=1`), 'events');
  });

  it('knows its address without the last slash, as somebody has copied it', () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    for (const headers of [{}, link]) {
      const asked = guard.look({ method: 'GET', url: guard.root.slice(0, -1), headers: { host: 'a', ...headers } });
      assert.deepEqual(asked, { status: 308, why: 'its address ends with a slash' });
    }
  });

  it('refuses all others', () => {
    const wrong = guard.root.replace(/[0-9a-f]/, (digit) => (digit === '0' ? '1' : '0'));
    for (const url of [
      '/',
      '//',
      '/events',
      wrong,
      `${wrong}events`,
      guard.root.slice(0, -2),
      `/x${guard.root}`,
      '/é',
    ]) {
      assert.equal(ask(guard, url), refusal, url);
    }
  });
});
