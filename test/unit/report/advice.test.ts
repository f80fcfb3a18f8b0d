// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AT_A_GLANCE,
  adviceFor,
  BY_INDEX,
  BY_STACK,
  BY_STATUS,
  callerIn,
  memoryState,
} from '../../../src/report/advice.ts';
import { readText } from '../docs/messages.ts';

/** The rows of the table below a heading, without links, code and bold. */
function rowsOf(heading: string): string[][] {
  const [, text = ''] = readText('docs/reading-a-stall.md').split(`\n## ${heading}\n`);
  const [table] = text.split('\n\n').filter((part) => part.trim().startsWith('|'));
  const plain = (cell: string) =>
    cell
      .trim()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[`*]/g, '');
  return table!
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').slice(1, -1).map(plain));
}

describe('advice', () => {
  it('has the words of docs/reading-a-stall.md: at a glance', () => {
    assert.deepEqual(
      AT_A_GLANCE.map(({ trigger, order, status, means, todo }) => [trigger, order, status, means, todo]),
      rowsOf('At a glance'),
    );
  });

  it('has the words of docs/reading-a-stall.md: by status', () => {
    assert.deepEqual(
      Object.entries(BY_STATUS),
      rowsOf('By status').map(([status, means]) => [status, means]),
    );
  });

  it('has the words of docs/reading-a-stall.md: by stack, by memory state', () => {
    assert.deepEqual(
      BY_STACK.map((row) => [...row]),
      rowsOf('By stack').map(([frames, who]) => [frames, who]),
    );
    assert.deepEqual(
      Object.values(BY_INDEX),
      rowsOf('By memory state')
        .slice(0, 3)
        .map(([, reading]) => reading),
    );
  });

  it('finds who wanted the memory by the innermost function that is known', () => {
    assert.match(callerIn(['__alloc_pages_noprof+0x2fb', 'do_huge_pmd_anonymous_page+0xc5'])!, /THP of 2 MiB/);
    assert.match(callerIn(['__kmalloc_large_node.isra.0+0x1', 'x+0x2'])!, /kernel table/);
    assert.match(callerIn(['unix_stream_sendmsg+0x1', 'do_anonymous_page+0x1'])!, /network/);
    assert.match(callerIn(['amdgpu_bo_create+0x1 [amdgpu]'])!, /GPU/);
    assert.equal(callerIn(['0xffffffff81000000', 'compact_zone+0x1']), undefined);
  });

  it('reads the fragmentation index as the kernel does', () => {
    assert.deepEqual([-1, 0, 0.5, 0.501, 1].map(memoryState), [
      BY_INDEX.free,
      BY_INDEX.short,
      BY_INDEX.short,
      BY_INDEX.fragmented,
      BY_INDEX.fragmented,
    ]);
    assert.equal(memoryState(null), undefined);
  });

  it('is of the first row that applies, and of the status where none does', () => {
    const means = (trigger: 'direct' | 'kcompactd' | 'proactive' | 'manual', order: number, status: string) =>
      adviceFor({ trigger, order, status })?.means;
    assert.match(means('direct', 9, 'complete')!, /did not get it/);
    assert.match(means('direct', 5, 'complete')!, /middle-sized/);
    assert.match(means('direct', 2, 'partial_skipped')!, /not found at once/);
    assert.match(means('kcompactd', 3, 'success')!, /no allocation waited/);
    assert.match(means('proactive', -1, 'contended')!, /proactiveness/);
    assert.match(means('manual', -1, 'complete')!, /somebody wrote/);
    assert.equal(means('direct', 10, 'success'), BY_STATUS.success);
    assert.equal(means('direct', 10, 'not_a_status'), undefined);
  });

  it('says in full what "the same" is', () => {
    const { todo } = adviceFor({ trigger: 'direct', order: 9, status: 'success' })!;
    assert.match(todo, /^if the wait matters: THP: set defrag/);
  });
});
