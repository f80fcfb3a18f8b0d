// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTEXT_SOURCES } from '../../../src/event/event.ts';
import { RELATIONS_WANTED, type RelationWanted, relationOf, sampled } from '../../../src/event/relation.ts';

describe('trace flags', () => {
  it('say that a span was sampled, or nothing', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 0xfe, 0xff].map((flags) => sampled({ flags })),
      ['unknown', 'true', 'unknown', 'true', 'unknown', 'true'],
    );
  });
});

describe('a stall and the active span', () => {
  /** For each source, with flags of 1 and of 0. */
  const EXPECTED = {
    child: { thread: 'child link', nodejs: 'child link', obi: 'link link' },
    'child-always': { thread: 'child child', nodejs: 'child child', obi: 'link link' },
    link: { thread: 'link link', nodejs: 'link link', obi: 'link link' },
  };
  it('every choice is here; off looks up no span', () => {
    assert.deepEqual([...Object.keys(EXPECTED), 'off'], RELATIONS_WANTED);
  });
  for (const [wanted, expected] of Object.entries(EXPECTED)) {
    it(`--context ${wanted}`, () => {
      for (const source of CONTEXT_SOURCES) {
        const relations = [1, 0].map((flags) => relationOf({ source, flags }, wanted as RelationWanted));
        assert.equal(relations.join(' '), expected[source], source);
      }
    });
  }
});
