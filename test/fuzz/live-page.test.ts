// SPDX-License-Identifier: Apache-2.0
// Requests to the page of --live, whatever they are.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAddress } from '../../src/live-page/address.ts';
import { askedStalls } from '../../src/live-page/asked-stalls.ts';
import { Guard } from '../../src/live-page/guard.ts';
import { findable, isWanted } from '../../src/report/shown.ts';
import { event } from '../unit/fixtures.ts';
import { anyText, mutatedText } from './arbitraries.ts';
import { property } from './property.ts';

const here = new Guard({ host: '127.0.0.1', port: 9465 });
const elsewhere = new Guard({ host: '0.0.0.0', port: 9465 });

const like = (...texts: readonly string[]) => fc.oneof(anyText(), mutatedText(fc.constantFrom(...texts)));

property(
  'a request is answered by a path, or refused with a reason',
  fc.tuple(like('/', '/events', `${elsewhere.root}events`, '/spans.jsonl?run=1'), like('127.0.0.1:9465', '[::1]:1')),
  ([url, host]) => {
    for (const guard of [here, elsewhere]) {
      const asked = guard.look({ method: 'GET', url, headers: { host } });
      if ('why' in asked) assert.ok(asked.why.length > 10);
      else if (guard === elsewhere) assert.ok(url.startsWith(elsewhere.root));
      else assert.match(host, /^(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?$/i);
    }
  },
);

property(
  'what a page asks for is whole, or nothing',
  like('run=1&come=2&shown=3&from=4&to=5&trigger=direct&service=x'),
  (text) => {
    const asked = askedStalls(new URLSearchParams(text));
    if (!asked) return;
    const one = event();
    assert.equal(typeof isWanted(findable(one, one.stack, one.resource), asked), 'boolean');
  },
);

property('an address is one, or none', like('[::1]:9465', 'localhost:1', ':80'), (text) => {
  const address = parseAddress(text);
  if (address) assert.ok(Number.isInteger(address.port) && address.port >= 0 && address.port <= 65_535);
});
