// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseAddress } from '../../../src/live-page/address.ts';

test('addresses', () => {
  const cases: readonly [string, string | undefined, number?][] = [
    ['127.0.0.1:9465', '127.0.0.1', 9465],
    ['localhost:1', 'localhost', 1],
    [':8080', '127.0.0.1', 8080],
    [':0', '127.0.0.1', 0],
    ['0.0.0.0:65535', '0.0.0.0', 65_535],
    ['[::1]:80', '::1', 80],
    ['[fe80::1]:080', 'fe80::1', 80],
    ...[
      ...['', ':', '9465', '127.0.0.1', '127.0.0.1:', '::1:80', '[::1]', '[127.0.0.1]:80', '[]:80', ':65536', ':-1'],
      ...[
        '[fe80::1%eth0]:80',
        'example.com:80',
        'http://127.0.0.1:80',
        '127.0.0.1:80/',
        ' :80',
        ':8 0',
        ':1e3',
        'a@b:80',
        '256.0.0.1:80',
      ],
    ].map((text): [string, undefined] => [text, undefined]),
  ];
  for (const [text, host, port] of cases) {
    assert.deepEqual(parseAddress(text), host === undefined ? undefined : { host, port }, text);
  }
});

test('which addresses only this host reaches', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.ok(isLoopback({ host }), host);
  for (const host of ['0.0.0.0', '::', '10.127.0.1', '128.0.0.1', '::ffff:127.0.0.1', '127::1'])
    assert.ok(!isLoopback({ host }), host);
});
