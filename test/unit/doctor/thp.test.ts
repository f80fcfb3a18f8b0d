// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { extfragThreshold, proactiveness } from '../../../src/doctor/proactiveness.ts';
import { expectation, thp } from '../../../src/doctor/thp.ts';
import { folderWith, ODD_TEXTS } from './host-files.ts';

const DEFRAG = ['always', 'defer', 'defer+madvise', 'madvise', 'never'] as const;

const choose = (words: readonly string[], chosen: string) =>
  `${words.map((word) => (word === chosen ? `[${word}]` : word)).join(' ')}\n`;
const enabled = (chosen: string) => choose(['always', 'madvise', 'never'], chosen);
const size = (chosen: string) => choose(['always', 'inherit', 'madvise', 'never'], chosen);

/** AT_PAGESZ among the pairs of a process. */
function auxv(pageBytes: bigint): Buffer {
  const words = [33n, 0x7ffc_0000_1000n, 6n, pageBytes, 17n, 100n, 0n, 0n];
  return Buffer.from(BigUint64Array.from(words).buffer);
}

function host(t: TestContext, files: Readonly<Record<string, string>>, pageBytes = 4096n) {
  const at = folderWith(t, { 'thp/khugepaged/defrag': '0\n', ...files });
  writeFileSync(at('auxv'), auxv(pageBytes));
  return { folder: at('thp'), self: at() };
}

describe('transparent huge pages', () => {
  it('one size, as before 6.8', (t) => {
    const found = thp(
      host(t, {
        'thp/enabled': enabled('always'),
        'thp/defrag': choose(DEFRAG, 'madvise'),
        'thp/hpage_pmd_size': '2097152\n',
      }),
    );
    assert.deepEqual(found, {
      status: 'ok',
      why: 'enabled always (2048 kB, order 9), defrag madvise: page faults in MADV_HUGEPAGE memory may stall in direct compaction, others do not compact.',
    });
  });

  it('a size that does not follow the general setting', (t) => {
    const { why } = thp(
      host(t, {
        'thp/enabled': enabled('never'),
        'thp/defrag': choose(DEFRAG, 'defer'),
        'thp/hpage_pmd_size': '2097152\n',
        'thp/hugepages-2048kB/enabled': size('inherit'),
        'thp/hugepages-64kB/enabled': size('madvise'),
        'thp/hugepages-128kB/enabled': size('never'),
      }),
    );
    assert.equal(
      why,
      'enabled never (64 kB, order 4), defrag defer: page faults in MADV_HUGEPAGE memory wake kcompactd and do not stall.',
    );
  });

  it('several sizes in their order, khugepaged, and pages of 64 kB', (t) => {
    const { why } = thp(
      host(
        t,
        {
          'thp/enabled': enabled('madvise'),
          'thp/defrag': choose(DEFRAG, 'never'),
          'thp/khugepaged/defrag': '1\n',
          'thp/hugepages-524288kB/enabled': size('inherit'),
          'thp/hugepages-2048kB/enabled': size('always'),
        },
        65536n,
      ),
    );
    assert.equal(
      why,
      'enabled madvise (2048 kB, order 5; 524288 kB, order 13), defrag never: page faults do not compact; khugepaged compacts as well.',
    );
  });

  it('none in use', (t) => {
    const { why } = thp(host(t, { 'thp/enabled': enabled('never'), 'thp/defrag': choose(DEFRAG, 'always') }));
    assert.match(why, /^enabled never, defrag always: page faults use no huge pages; .*network, slab, hugetlb\)\.$/);
  });

  it('a kernel without them', () => {
    const { status, why } = thp({ folder: '/nonexistent', self: '/nonexistent' });
    assert.equal(status, 'ok');
    assert.match(why, /^unknown: /);
  });

  it('every pair of settings has its own expectation', () => {
    const said = (who: 'always' | 'madvise') => DEFRAG.map((defrag) => expectation(who, defrag));
    assert.deepEqual(
      said('always').map((text) => /may stall/.test(text)),
      [true, false, true, true, false],
    );
    assert.deepEqual(
      said('madvise').map((text) => /may stall/.test(text)),
      [true, false, true, true, false],
    );
    assert.deepEqual(
      said('always').map((text) => /kcompactd/.test(text)),
      [false, true, true, false, false],
    );
    assert.deepEqual(
      said('madvise').map((text) => /kcompactd/.test(text)),
      [false, true, false, false, false],
    );
    assert.equal(new Set(said('always')).size, DEFRAG.length);
  });

  for (const text of ODD_TEXTS) {
    it(`odd contents ${JSON.stringify(text)} are unknown`, (t) => {
      const at = folderWith(t, { enabled: text, defrag: text, hpage_pmd_size: text, auxv: text });
      assert.match(thp({ folder: at(), self: at() }).why, /unknown/);
    });
  }
});

describe('proactive compaction', () => {
  const at = (t: TestContext, value: string) => folderWith(t, { compaction_proactiveness: value })();

  for (const [value, expected] of [
    ['0\n', '0: expect no proactive compaction.'],
    ['20\n', "20: expect proactive compaction where a node's fragmentation score is above 90, down to 80."],
    ['100\n', "100: expect proactive compaction where a node's fragmentation score is above 15, down to 5."],
    ['1\n', "1: expect proactive compaction where a node's fragmentation score is above 100, down to 99."],
  ] as const) {
    it(`vm.compaction_proactiveness ${value.trim()}`, (t) => {
      assert.deepEqual(proactiveness(at(t, value)), { status: 'ok', why: expected });
    });
  }

  it('before 5.9', () =>
    assert.match(proactiveness('/nonexistent', () => undefined).why, /^not available, Linux 5\.9 added it/));

  it('hidden: unknown, not missing', () => {
    assert.match(proactiveness('/nonexistent', () => ({ why: 'covered', todo: 'uncover it.' })).why, /^unknown: /);
  });

  it('vm.extfrag_threshold', (t) => {
    const folder = folderWith(t, { extfrag_threshold: '500\n' })();
    assert.match(extfragThreshold(folder).why, /^500: above order 3, .* up to 0\.500 /);
    assert.equal(extfragThreshold('/nonexistent').why, 'unknown.');
  });
});
