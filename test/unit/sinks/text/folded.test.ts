// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type CompactionEvent, isCompaction } from '../../../../src/event/event.ts';
import { foldedLines } from '../../../../src/sinks/text/folded.ts';
import { event } from '../../fixtures.ts';

const EXAMPLE = new URL('../../../../examples/recording.jsonl', import.meta.url);
const STACK = ['compact_zone+0x2', 'a.isra.0+0x1f [zram]', 'asm_exc_page_fault+0x22'];
const { executable: _, resource: __, ...bare } = event(0, { durationNano: 5000, stack: STACK });
const line = (more: Partial<CompactionEvent>) => foldedLines()({ ...bare, ...more });

describe('folded stacks', () => {
  it('have the service, the thread, the trigger, and the functions from the outermost on, without offsets', () => {
    assert.equal(
      line({ comm: 'worker', resource: { 'service.name': 'checkout' }, trigger: 'direct' }),
      'checkout;worker;direct;asm_exc_page_fault;a.isra.0 [zram];compact_zone 5\n',
    );
  });

  it('begin with the program, or with the thread, where there is no service', () => {
    const direct = ';w;direct;asm_exc_page_fault;a.isra.0 [zram];compact_zone 5\n';
    assert.equal(line({ comm: 'w', executable: 'server' }), `server${direct}`);
    assert.equal(line({ comm: 'w' }), `w${direct}`);
  });

  it('say why there is no stack', () => {
    assert.equal(line({ comm: 'w', stack: [], stackOmitted: 'budget' }), 'w;w;direct;no stack: budget 5\n');
    assert.equal(line({ comm: 'w', stack: [] }), 'w;w;direct 5\n');
  });

  it('are one line, whatever a process is called', () => {
    assert.equal(line({ comm: 'a;b\nc 7\x1b[', stack: [] }).split('\n').length, 2);
    assert.match(line({ comm: 'a;b\nc', stack: [] }), /^a:b\?c;a:b\?c;direct 5\n$/);
  });

  it('quote a name of which readers would make a comment, or nothing', () => {
    for (const [service, written] of [
      ['# shop', '"# shop"'],
      ['', '""'],
      [' ', '" "'],
      [' shop', '" shop"'],
      ['shop #1', 'shop #1'],
    ] as const)
      assert.equal(line({ comm: 'w', resource: { 'service.name': service }, stack: [] }), `${written};w;direct 5\n`);
  });

  it('leave nothing of a microsecond out of the sum', () => {
    const events = readFileSync(EXAMPLE, 'utf8')
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text))
      .filter(isCompaction);
    const short = Array.from({ length: 10 }, () => event(0, { durationNano: 999 }));
    const format = foldedLines();
    const lines = [...events, ...short].map(format).join('').trimEnd().split('\n');
    const sumNs = [...events, ...short].reduce((sum, { durationNano }) => sum + durationNano, 0);
    const us = lines.map((text) => Number(/ (\d+)$/.exec(text)![1]));
    assert.equal(
      us.reduce((sum, one) => sum + one, 0),
      Math.floor(sumNs / 1000),
    );
    assert.ok(us.every((one) => one > 0));
  });
});
