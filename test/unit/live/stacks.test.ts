// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KernelSymbols } from '../../../src/kernel/symbols.ts';
import { Stacks } from '../../../src/live/stacks.ts';

/** The symbols of a test, with a count of lookups. */
class FakeSymbols {
  available = true;
  changed = false;
  asked = 0;
  names: Record<number, string> = {};
  loading: Promise<void> | undefined;

  load(): Promise<void> | undefined {
    return this.loading;
  }

  modulesChanged(): boolean {
    const { changed } = this;
    this.changed = false;
    return changed;
  }

  name(address: bigint): string {
    this.asked += 1;
    return this.names[Number(address)] ?? `f${address}+0x1`;
  }
}

function setUp(change: Partial<FakeSymbols> = {}) {
  const symbols = Object.assign(new FakeSymbols(), change);
  return { symbols, stacks: new Stacks(symbols as unknown as KernelSymbols) };
}

const raw = (...addresses: number[]) => Buffer.from(BigUint64Array.from(addresses, BigInt).buffer);

describe('stacks', () => {
  it('addresses become names, innermost first', () => {
    assert.deepEqual(setUp().stacks.name(raw(1, 2, 3)), ['f1+0x1', 'f2+0x1', 'f3+0x1']);
  });

  it('the first function is there once, also where the kernel has it twice', () => {
    const names = { 1: 'bpf_prog_1+0x1', 2: 'compact_zone+0xb34', 3: 'compact_node+0x7f' };
    assert.deepEqual(setUp({ names }).stacks.name(raw(1, 2, 2, 3)), ['compact_zone+0xb34', 'compact_node+0x7f']);
    assert.deepEqual(setUp({ names }).stacks.name(raw(2, 2, 3, 3)), [
      'compact_zone+0xb34',
      ...Array(2).fill('compact_node+0x7f'),
    ]);
  });

  it('equal stacks are the same array, named once and immutable', () => {
    const { symbols, stacks } = setUp();
    const first = stacks.name(raw(1, 2));
    assert.equal(stacks.name(raw(1, 2)), first);
    assert.equal(symbols.asked, 2);
    assert.notEqual(stacks.name(raw(1, 3)), first);
    assert.ok(Object.isFrozen(first));
  });

  it('a new stack has its names when the symbols have been read, and is the same array until then', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { symbols, stacks } = setUp({ loading: promise });
    const batch = raw(1, 2);
    const first = stacks.name(batch);
    assert.equal(stacks.name(raw(1, 2)), first);
    const second = stacks.name(raw(3));
    batch.fill(0); // The reader uses its memory again.
    assert.deepEqual([first, second, symbols.asked], [[], [], 0]);
    const named = stacks.named()!;
    resolve();
    await named;
    assert.deepEqual([first, second], [['f1+0x1', 'f2+0x1'], ['f3+0x1']]);
    assert.ok(Object.isFrozen(first));
    assert.equal(stacks.named(), undefined);
    symbols.loading = undefined;
    assert.deepEqual(stacks.name(raw(4)), ['f4+0x1'], 'they are at hand');
  });

  it('no stack is always the same empty array', () => {
    const { stacks } = setUp();
    assert.deepEqual(stacks.name(raw()), []);
    assert.equal(stacks.name(raw()), stacks.name(raw()));
  });

  it('keeps no part of the batch that a stack came in', () => {
    const { stacks } = setUp();
    const bytes = raw(1, 2);
    const first = stacks.name(bytes);
    bytes.fill(0);
    assert.equal(stacks.name(raw(1, 2)), first);
  });

  for (const tracing of [
    'bpf_prog_f878a9c52768eb36_tp_btf_end+0xc3b [bpf]',
    'bpf_trace_run5+0x101',
    '__bpf_trace_mm_compaction_end+0x12',
    '__traceiter_mm_compaction_end+0x47',
    'perf_trace_run_bpf_submit+0x4c',
    '__perf_event_overflow+0x1',
    'trace_call_bpf+0x63',
    '0xffffffffc00270c8',
  ]) {
    it(`hides the frames of tracing: ${tracing}`, () => {
      const { stacks } = setUp({ names: { 1: tracing, 2: tracing, 3: '__compact_zone+0xaca' } });
      assert.deepEqual(stacks.name(raw(1, 2, 3, 4)), ['__compact_zone+0xaca', 'f4+0x1']);
    });
  }

  it('cuts only above the compaction: below it, such a frame belongs to the allocation', () => {
    const { stacks } = setUp({ names: { 1: 'compact_zone+0x1', 2: 'bpf_map_alloc+0x2', 3: '0xffffffffc0000000' } });
    assert.equal(stacks.name(raw(1, 2, 3)).length, 3);
  });

  it('a stack of only such frames is shown whole', () => {
    const { stacks } = setUp({ names: { 1: 'bpf_trace_run5+0x1', 2: '0x1234' } });
    assert.deepEqual(stacks.name(raw(1, 2)), ['bpf_trace_run5+0x1', '0x1234']);
  });

  it('without symbols nothing is cut: every frame is an address', () => {
    const { stacks } = setUp({ available: false, names: { 1: '0x1', 2: '0x2' } });
    assert.deepEqual(stacks.name(raw(1, 2)), ['0x1', '0x2']);
  });

  it('names are forgotten only when modules come or go', () => {
    const { symbols, stacks } = setUp();
    const first = stacks.name(raw(1));
    stacks.refresh();
    assert.equal(stacks.name(raw(1)), first);
    symbols.changed = true;
    symbols.names = { 1: 'now_another+0x1 [new]' };
    stacks.refresh();
    assert.deepEqual(stacks.name(raw(1)), ['now_another+0x1 [new]']);
  });

  it('the number of stacks kept is bounded', () => {
    const { symbols, stacks } = setUp();
    const first = stacks.name(raw(1));
    for (let i = 2; i <= 4097; i++) stacks.name(raw(i));
    const { asked } = symbols;
    assert.notEqual(stacks.name(raw(1)), first, 'named again');
    assert.equal(symbols.asked, asked + 1);
  });
});
