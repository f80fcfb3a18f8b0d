// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gfpNames } from '../../../src/kernel/gfp.ts';
import { gfpFlags } from '../../../src/kernel/gfp-flags.ts';
import { fixture, temporaryFolder } from '../fixtures.ts';
import { recordedEnum } from '../recorded-kernel.ts';

/** The bit numbers of the kernel whose enum was recorded. */
const bits = recordedEnum('gfp');
const flags = gfpFlags({ enumWith: () => bits })!;
const names = gfpNames(flags);
/** A mask of bits by name. */
const mask = (...flags: string[]) =>
  flags.reduce((all, flag) => (all | (1 << bits.get(`___GFP_${flag}_BIT`)!)) >>> 0, 0);

const RECLAIM = ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM'];
const KERNEL = [...RECLAIM, 'IO', 'FS'];
const LIGHT = ['IO', 'FS', 'HARDWALL', 'HIGHMEM', 'MOVABLE', 'COMP', 'NOMEMALLOC', 'NOWARN'];

describe('GFP masks as the kernel prints them', () => {
  for (const [flags, expected] of [
    [KERNEL, ['GFP_KERNEL']],
    [
      [...KERNEL, 'ZERO'],
      ['GFP_KERNEL', '__GFP_ZERO'],
    ],
    [[...KERNEL, 'ACCOUNT'], ['GFP_KERNEL_ACCOUNT']],
    [[...KERNEL, 'HARDWALL'], ['GFP_USER']],
    [[...KERNEL, 'HARDWALL', 'HIGHMEM'], ['GFP_HIGHUSER']],
    [[...KERNEL, 'HARDWALL', 'HIGHMEM', 'MOVABLE'], ['GFP_HIGHUSER_MOVABLE']],
    [LIGHT, ['GFP_TRANSHUGE_LIGHT']],
    [[...LIGHT, 'DIRECT_RECLAIM'], ['GFP_TRANSHUGE']],
    [
      [...LIGHT, 'KSWAPD_RECLAIM'],
      ['GFP_TRANSHUGE_LIGHT', '__GFP_KSWAPD_RECLAIM'],
    ],
    [[...RECLAIM, 'IO'], ['GFP_NOFS']],
    [RECLAIM, ['GFP_NOIO']],
    [['HIGH', 'KSWAPD_RECLAIM'], ['GFP_ATOMIC']],
    [
      [...KERNEL, 'COMP', 'NOWARN', 'NORETRY'],
      ['GFP_KERNEL', '__GFP_NOWARN', '__GFP_NORETRY', '__GFP_COMP'],
    ],
    [['DMA32'], ['__GFP_DMA32']],
    [[], []],
  ] as const) {
    it(`${flags.join(' | ') || '0'} is ${expected.join(' | ') || 'nothing'}`, () => {
      assert.deepEqual(names(mask(...flags)), expected);
    });
  }

  it('a real mask of this kernel', () => assert.deepEqual(names(0xcc0), ['GFP_KERNEL']));

  it('bits without a name are shown in hexadecimal, even the highest', () => {
    assert.deepEqual(names(mask(...KERNEL) + 0x4000_0000), ['GFP_KERNEL', '0x40000000']);
    assert.deepEqual(names(0x8000_0000), ['0x80000000']);
    assert.deepEqual(names(0xc000_0000 | 0), ['0xc0000000'], 'also when it comes as a signed number');
    assert.ok(!names(0xffff_ffff).join().includes('LAST'), 'the end of the enum is not a flag');
  });

  it('every bit is named once', () => {
    for (const [name, bit] of bits) {
      if (name !== '___GFP_LAST_BIT') assert.deepEqual(names((1 << bit) >>> 0), [name.replace(/^_(.*)_BIT$/, '$1')]);
    }
  });

  it('a combination with a bit that the kernel lacks is not used', () => {
    const less = gfpNames(new Map([...flags].filter(([name]) => name !== 'FS')));
    assert.deepEqual(less(mask(...RECLAIM, 'IO')), ['GFP_NOFS']);
    assert.deepEqual(less(mask(...KERNEL)), ['GFP_NOFS', `0x${mask('FS').toString(16)}`]);
  });

  for (const kernel of ['5.10', '6.1']) {
    it(`Linux ${kernel}, which has no enum: from the format of its tracepoint`, (t) => {
      const mount = temporaryFolder(t);
      const folder = mount('events/compaction/mm_compaction_try_to_compact_pages');
      mkdirSync(folder, { recursive: true });
      copyFileSync(fixture(`formats/try_to_compact_pages-${kernel}.txt`), `${folder}/format`);
      const old = gfpNames(gfpFlags({ enumWith: () => undefined }, ['/nonexistent', mount('')]));
      assert.deepEqual(old(0xcc0), ['GFP_KERNEL']);
      // ___GFP_THISNODE and ___GFP_NORETRY are other bits than in the kernel of the enum.
      assert.deepEqual(old(0x3d24ca), ['GFP_TRANSHUGE', '__GFP_NORETRY', '__GFP_THISNODE']);
      assert.deepEqual(old(0x8000_0001), ['__GFP_DMA', '0x80000000']);
    });
  }

  it('a kernel without names: the mask in hexadecimal', () => {
    assert.equal(gfpFlags({ enumWith: () => undefined }, ['/nonexistent']), undefined);
    assert.deepEqual(gfpNames(undefined)(0xcc0), ['0xcc0']);
    assert.deepEqual(gfpNames(undefined)(0x8000_0000), ['0x80000000']);
  });
});
