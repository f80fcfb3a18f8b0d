// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LastMessages } from '../../../src/cli/last-messages.ts';
import type { Level } from '../../../src/messages/entry.ts';
import type { Code } from '../../../src/messages/table.ts';

function said(...all: [code: string, level: Level, text: string][]) {
  const last = new LastMessages();
  for (const [i, [code, level, text]] of all.entries()) {
    last.add({ code: code as Code, level, text, why: text, fields: {} }, i);
  }
  return last;
}

it('an error that repeats hides no other, and has its last time', () => {
  const { problems, others } = said(
    ['attached', 'info', 'on'],
    ['output_failed', 'error', 'disk full'],
    ...Array.from({ length: 50 }, (_, i): [string, Level, string] => ['collector_busy', 'warn', `busy ${i}`]),
    ['attached_after', 'debug', 'soon'],
  );
  assert.deepEqual(problems, [
    { unixMs: 1, code: 'output_failed', level: 'error', text: 'disk full', times: 1 },
    { unixMs: 51, code: 'collector_busy', level: 'warn', text: 'busy 49', times: 50 },
  ]);
  assert.deepEqual(others, [
    { unixMs: 0, code: 'attached', text: 'on' },
    { unixMs: 52, code: 'attached_after', text: 'soon' },
  ]);
});

it('one that comes again is the latest', () => {
  const { problems } = said(['a', 'warn', 'a'], ['b', 'warn', 'b'], ['a', 'warn', 'a again']);
  assert.deepEqual(
    problems.map(({ text }) => text),
    ['b', 'a again'],
  );
});

it('the oldest are forgotten, each for its kind', () => {
  const names = Array.from({ length: 12 }, (_, i) => `${i}`);
  const { problems, others } = said(
    ...names.map((name): [string, Level, string] => [name, 'warn', name]),
    ...names.map((name): [string, Level, string] => [name, 'info', name]),
  );
  assert.deepEqual(
    [problems, others].map((list) => list.map(({ text }) => text)),
    [names.slice(2), names.slice(2)],
  );
});
