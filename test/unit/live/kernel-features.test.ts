// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Btf } from '../../../src/kernel/btf.ts';
import { kernelFeatures } from '../../../src/live/kernel-features.ts';
import { temporaryFolder } from '../fixtures.ts';

const btf = (pointer?: string[], fn?: string[]) =>
  ({ functionPointerParameters: () => pointer, functionParameters: () => fn }) as unknown as Btf;
const SEEN = () => undefined;
const COVERED = () => ({ why: 'covered', todo: 'uncover it.' });
const NOWHERE = { btf: '/nonexistent', kallsyms: '/nonexistent', kprobes: '/nonexistent', tracing: ['/nonexistent'] };

describe('what a kernel offers', () => {
  it('tracepoints, by their parameters', () => {
    const old = kernelFeatures(btf(['void *', 'long unsigned int'], ['compact_control *']), NOWHERE, '5.10.0-32');
    assert.deepEqual([old.tracepoints, old.tracepointsPassControl, old.compactZoneTakesControl], [true, false, true]);
    const recent = kernelFeatures(btf(['void *', 'compact_control *']), NOWHERE, '6.12.1');
    assert.deepEqual([recent.tracepointsPassControl, recent.compactZoneTakesControl], [true, false]);
    assert.equal(kernelFeatures(btf(), NOWHERE, '6.12.1').tracepoints, false);
  });

  it('preemptible tracepoints, from 7.0 on', () => {
    const preemptible = (version: string) => kernelFeatures(btf(), NOWHERE, version).preemptibleTracepoints;
    assert.deepEqual(['6.19.14+deb13', '7.0.4', '10.1.0'].map(preemptible), [false, true, true]);
  });

  it('files that exist', (t) => {
    const at = temporaryFolder(t);
    mkdirSync(at('tracing/events/compaction/mm_compaction_begin'), { recursive: true });
    writeFileSync(at('tracing/events/compaction/mm_compaction_begin/id'), '538\n');
    const paths = { ...NOWHERE, btf: at('tracing'), kprobes: at('tracing'), tracing: ['/nonexistent', at('tracing')] };
    const { ownBtf, kprobes, tracefs } = kernelFeatures(btf(), paths, '6.1', SEEN);
    assert.deepEqual([ownBtf, kprobes, tracefs], [true, true, true]);
    const none = kernelFeatures(btf(), NOWHERE, '6.1', SEEN);
    assert.deepEqual([none.ownBtf, none.kprobes, none.tracefs], [false, false, false]);
  });

  it('files that are hidden: kprobes are unknown, BTF cannot be used', () => {
    const { ownBtf, btfHidden, kprobes } = kernelFeatures(btf(), NOWHERE, '6.1', COVERED);
    assert.deepEqual([ownBtf, btfHidden, kprobes], [false, COVERED(), undefined]);
  });

  describe('compact_zone in the symbol table', () => {
    const line = (name: string, type = 't', module = '') => `ffffffff815d0600 ${type} ${name}${module}\n`;
    for (const [what, text, names] of [
      ['as it is', line('compact_zone') + line('compact_zone_order'), ['compact_zone']],
      ['renamed', line('__compact_zone'), ['__compact_zone']],
      [
        'with a suffix of the compiler',
        line('compact_zone.isra.0') + line('compact_zone.cold'),
        ['compact_zone.isra.0'],
      ],
      ['inlined', line('compact_zone_order') + line('sysctl_compaction_handler'), []],
      ['data, or of a module', line('compact_zone', 'd') + line('compact_zone', 't', '\t[mod]'), []],
      // Longer than one read.
      ['far behind', line('x'.repeat(60)).repeat(20_000) + line('compact_zone'), ['compact_zone']],
    ] as const) {
      it(what, (t) => {
        const kallsyms = temporaryFolder(t)('kallsyms');
        writeFileSync(kallsyms, text);
        assert.deepEqual(kernelFeatures(btf(), { ...NOWHERE, kallsyms }, '6.1').compactZoneNames(), names);
      });
    }

    it('empty, as under a mask: unknown', () => {
      assert.equal(kernelFeatures(btf(), { ...NOWHERE, kallsyms: '/dev/null' }, '6.1').compactZoneNames(), undefined);
    });

    it('unreadable: unknown', () => assert.equal(kernelFeatures(btf(), NOWHERE, '6.1').compactZoneNames(), undefined));
  });
});
