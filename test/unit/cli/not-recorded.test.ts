// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Messages } from '../../../src/cli/messages.ts';
import { sayNotRecorded } from '../../../src/cli/not-recorded.ts';
import type { AgentEvent } from '../../../src/event/event.ts';
import { event, notRecorded } from '../fixtures.ts';

function said(events: readonly AgentEvent[]): string[] {
  const texts: string[] = [];
  const messages: Pick<Messages, 'say'> = { say: ({ text }) => texts.push(text) };
  sayNotRecorded(events, messages as Messages);
  return texts;
}

const lost = (count: number, reason: string, start = 0, durationNano = 2_000_000_000) => {
  const { sumNano: _, longestNano: __, limit: ___, ...gap } = notRecorded();
  return { ...gap, count, reason, startUnixNano: `${1_795_000_000 + start}000000000`, durationNano };
};

describe('beside a table', () => {
  it('compactions need no sentence', () => assert.deepEqual(said([event(0), event(1)]), []));

  it('what the limit left out has one', () => {
    assert.deepEqual(said([event(0), notRecorded({ count: 1 })]), [
      '1 compaction not recorded within 1.003 s: more than --max-spans-per-second 200. They took 402.1 ms, the longest 182.0 us.',
    ]);
  });

  it('what was lost has one, with its reason', () => {
    assert.deepEqual(said([lost(1, 'ring_full')]), ['1 compaction lost within 2.000 s: the ring buffer was full.']);
  });

  it('losses that come together have one, from the first to the last', () => {
    assert.deepEqual(said([lost(12, 'ring_full', 2), lost(3, 'skipped', 0, 1000), lost(1, 'ring_full'), event(0)]), [
      '16 compactions lost within 4.000 s: the ring buffer was full (13), the kernel skipped a program that was already running on that CPU (3).',
    ]);
  });

  it('a reason that is not known stands for itself', () => {
    assert.deepEqual(said([lost(2, 'of_a_later_version')]), ['2 compactions lost within 2.000 s: of_a_later_version.']);
  });
});
