// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTEXT, EVENT, STACK_OMITTED, TRACE_CONTEXT, ZONE_STATE } from '../../../src/abi.generated.ts';
import { recordedBatch, recordedDecoder, recordedFacts } from '../recorded-kernel.ts';

/** Frames records like the reader of the ring buffer. */
function framed(...records: Buffer[]): Buffer {
  return Buffer.concat(
    records.map((record) => {
      const frame = Buffer.alloc(8 + Math.ceil(record.length / 8) * 8);
      frame.writeUInt32LE(record.length, 0);
      record.copy(frame, 8);
      return frame;
    }),
  );
}

/** The first recorded record, changed. */
function record(change: (record: Buffer) => void = () => {}): Buffer {
  const batch = recordedBatch();
  const first = Buffer.from(batch.subarray(8, 8 + batch.readUInt32LE(0)));
  change(first);
  return first;
}

const decode = (batch: Buffer) => recordedDecoder().decode(batch);
const counts = (batch: Buffer) => {
  const { events, received, malformed } = decode(batch);
  assert.equal(received, events.length + malformed);
  return [events.length, malformed];
};
const u32 = (field: { offset: number }, value: number) => record((r) => r.writeUInt32LE(value >>> 0, field.offset));
const u64 = (field: { offset: number }, value: bigint) => record((r) => r.writeBigUInt64LE(value, field.offset));
const decodeOne = (changed: Buffer) => {
  const { events, malformed } = decode(framed(changed));
  assert.deepEqual([events.length, malformed], [1, 0]);
  return events[0]!;
};

describe('a batch of real records', () => {
  const facts = recordedFacts();
  const { events, malformed } = decode(recordedBatch());

  it('is one event per write and zone, in order', () => {
    assert.equal(malformed, 0);
    assert.deepEqual(
      events.map(({ node, zone }) => `${node}/${zone}`),
      facts.writes.flatMap(() => facts.before.zones.map(({ node, name }) => `${node}/${name}`)),
    );
  });

  it('the process, the mode, and the end', () => {
    const zoneIndex = new Map(['DMA', 'DMA32', 'Normal', 'Movable', 'Device'].map((name, i) => [name, i]));
    for (const event of events) {
      assert.equal(event.v, 1);
      assert.equal(event.pid, facts.pid);
      assert.equal(event.tid, facts.pid);
      assert.equal(event.comm, facts.comm);
      assert.equal(event.trigger, 'manual');
      assert.equal(event.order, -1);
      assert.equal(event.mode, 'sync');
      assert.equal(event.status, 'complete');
      assert.deepEqual(event.gfp, ['GFP_KERNEL']);
      assert.equal(event.zoneIndex, zoneIndex.get(event.zone));
      assert.ok(event.cpu < 1024);
      assert.match(event.cgroupId, /^[1-9]\d*$/);
    }
  });

  it('unknown fields are absent, not undefined: the event is JSON', () => {
    for (const event of events) {
      assert.ok(!('priority' in event) && !('attempt' in event));
      assert.ok(!('executable' in event) && !('container' in event));
      assert.deepEqual(JSON.parse(JSON.stringify(event)), event);
    }
  });

  it('times: one after the other, within the recording, on the epoch clock', () => {
    const toEpoch = (monotonicNs: string) =>
      BigInt(monotonicNs) + BigInt(facts.clocks.realtimeNs) - BigInt(facts.clocks.monotonicNs);
    let last = toEpoch(facts.before.monotonicNs);
    for (const { startUnixNano, durationNano } of events) {
      assert.ok(BigInt(startUnixNano) > last);
      assert.ok(durationNano > 0);
      last = BigInt(startUnixNano) + BigInt(durationNano);
    }
    assert.ok(last < toEpoch(facts.after.monotonicNs));
  });

  it('zones: watermarks and free pages of /proc/zoneinfo, free blocks of /proc/buddyinfo', () => {
    for (const event of events) {
      const same = ({ node, name }: { node: number; name: string }) => node === event.node && name === event.zone;
      const zone = facts.before.zones.find(same)!;
      assert.deepEqual(event.watermark, { min: zone.min, low: zone.low, high: zone.high });
      const blocks = facts.before.freeBlocks[`${event.node}/${event.zone}`]!;
      for (const state of [event.begin, event.end]) {
        assert.equal(state.index, null, 'it has no meaning for a whole zone');
        assert.equal(state.blocks.length, blocks.length);
        if (event.zone !== 'DMA') continue;
        // Nobody else uses this zone.
        assert.equal(state.free, zone.free);
        assert.deepEqual(state.blocks, blocks);
      }
    }
  });

  it('pages scanned add up to the change of /proc/vmstat', () => {
    const sum = (scanner: 'migrate' | 'free') => events.reduce((total, { scanned }) => total + scanned[scanner], 0);
    for (const scanner of ['migrate', 'free'] as const) {
      assert.equal(sum(scanner), facts.after.scanned[scanner] - facts.before.scanned[scanner]);
    }
    assert.ok(sum('migrate') > 0 && sum('free') > 0);
  });

  it('stacks: from the compaction out to the system call; equal ones are one array', () => {
    const zones = facts.before.zones.length;
    const names = events.map(({ stack }) => stack.map((frame) => frame.replace(/\+0x[0-9a-f]+$/, '')).join(' '));
    const common = 'vfs_write ksys_write do_syscall_64 entry_SYSCALL_64_after_hwframe';
    const compactMemory = `__compact_zone compact_node sysctl_compaction_handler proc_sys_call_handler ${common}`;
    const compactNode = `__compact_zone compact_node compact_store kernfs_fop_write_iter ${common}`;
    assert.deepEqual(names, [
      ...Array.from({ length: 2 * zones }, () => compactMemory),
      ...Array.from({ length: zones }, () => compactNode),
    ]);
    assert.equal(new Set(events.map(({ stack }) => stack)).size, 2);
  });

  it('ids are all different, and never zero', () => {
    assert.equal(new Set(events.map(({ traceId }) => traceId)).size, events.length);
    assert.equal(new Set(events.map(({ spanId }) => spanId)).size, events.length);
    for (const { traceId, spanId } of events) {
      assert.match(traceId, /^(?!0+$)[0-9a-f]{32}$/);
      assert.match(spanId, /^(?!0+$)[0-9a-f]{16}$/);
    }
  });

  it('ids stay different over many batches', () => {
    const ids = new Set<string>();
    const decoder = recordedDecoder();
    for (let i = 0; i < 100; i++) for (const { spanId } of decoder.decode(recordedBatch()).events) ids.add(spanId);
    assert.equal(ids.size, 100 * events.length);
  });
});

describe('single fields', () => {
  it('a direct attempt has a priority, and an id that its zones share', () => {
    const direct = (tid: number) =>
      record((r) => {
        r.writeUInt32LE(0, EVENT.trigger.offset);
        r.writeInt32LE(2, EVENT.priority.offset);
        r.writeUInt32LE(tid, EVENT.tid.offset);
        r.writeBigUInt64LE(123_456_789_012n, EVENT.attemptNs.offset);
      });
    const { events } = decode(framed(direct(7), direct(7), direct(8)));
    assert.deepEqual(
      events.map(({ trigger, priority, attempt }) => [trigger, priority, attempt]),
      [
        ['direct', 'async', '7-123456789012'],
        ['direct', 'async', '7-123456789012'],
        ['direct', 'async', '8-123456789012'],
      ],
    );
  });

  it('numbers that no event can have make a record malformed', () => {
    const last = (field: { offset: number }) => u64(field, 2n ** 53n - 1n);
    const state = (zone: { offset: number }) => ({ offset: zone.offset + ZONE_STATE.freePages.offset });
    for (const field of [
      ...[EVENT.durationNs, EVENT.watermarkMin, EVENT.watermarkLow, EVENT.watermarkHigh, EVENT.migrateScanned],
      ...[EVENT.freeScanned, state(EVENT.begin), state(EVENT.end)],
    ]) {
      assert.deepEqual(counts(framed(last(field))), [1, 0]);
      for (const value of [2n ** 53n, 2n ** 64n - 1n]) assert.deepEqual(counts(framed(u64(field, value))), [0, 1]);
    }
    assert.deepEqual(counts(framed(u64(EVENT.beginNs, 2n ** 62n - 1n))), [1, 0]);
    for (const value of [2n ** 62n, 2n ** 64n - 1n])
      assert.deepEqual(counts(framed(u64(EVENT.beginNs, value))), [0, 1]);
  });

  it('a trace context whose ids are zeros is none', () => {
    const context = (traceId: number, spanId: number) =>
      decodeOne(
        record((r) => {
          const at = EVENT.context.offset;
          r.writeUInt8(CONTEXT.THREAD, at + TRACE_CONTEXT.source.offset);
          r.fill(traceId, at + TRACE_CONTEXT.traceId.offset, at + TRACE_CONTEXT.traceId.offset + 16);
          r.fill(spanId, at + TRACE_CONTEXT.spanId.offset, at + TRACE_CONTEXT.spanId.offset + 8);
        }),
      ).context;
    assert.ok(context(1, 1));
    for (const [traceId, spanId] of [
      [0, 0],
      [0, 1],
      [1, 0],
    ] as const)
      assert.equal(context(traceId, spanId), undefined);
  });

  it('all triggers', () => {
    for (const [value, trigger] of ['direct', 'kcompactd', 'proactive', 'manual'].entries()) {
      assert.equal(decodeOne(u32(EVENT.trigger, value)).trigger, trigger);
    }
  });

  it('names come from the kernel, and a number without a name stays a number', () => {
    for (const [value, status] of [
      [5, 'complete'],
      [6, 'partial_skipped'],
      [7, 'contended'],
      [8, 'success'],
      [99, '99'],
    ] as const) {
      assert.equal(decodeOne(u32(EVENT.status, value)).status, status);
    }
    for (const [value, mode] of ['async', 'sync_light', 'sync', '3'].entries()) {
      assert.equal(decodeOne(u32(EVENT.mode, value)).mode, mode);
    }
    for (const [value, priority] of ['sync_full', 'sync_light', 'async', '3'].entries()) {
      assert.equal(decodeOne(u32(EVENT.priority, value)).priority, priority);
    }
    assert.deepEqual(decodeOne(u32(EVENT.gfp, 0x80000000)).gfp, ['0x80000000']);
  });

  it('numbers beyond 32 and 53 bits', () => {
    assert.equal(decodeOne(u64(EVENT.cgroupId, 2n ** 64n - 1n)).cgroupId, '18446744073709551615');
    assert.equal(decodeOne(u64(EVENT.watermarkHigh, 2n ** 40n)).watermark.high, 2 ** 40);
    assert.equal(decodeOne(u64(EVENT.durationNs, 123_456_789_012_345n)).durationNano, 123_456_789_012_345);
    assert.equal(decodeOne(u32(EVENT.pid, 4194304)).pid, 4194304);
  });

  it('the fragmentation index follows from the free blocks and the order', () => {
    const changed = record((r) => {
      r.writeInt32LE(3, EVENT.order.offset);
      for (const zone of [EVENT.begin, EVENT.end]) r.fill(0, zone.offset, zone.offset + zone.size);
      // At the begin, two blocks of order 2: 8 pages, none suitable. 1 - (1000 + 8 * 1000 / 8) / 2 / 1000 = 0.
      r.writeUInt32LE(2, EVENT.begin.offset + ZONE_STATE.freeBlocks.offset + 2 * 4);
      // At the end, one of order 3.
      r.writeUInt32LE(1, EVENT.end.offset + ZONE_STATE.freeBlocks.offset + 3 * 4);
    });
    const { begin, end } = decodeOne(changed);
    assert.equal(begin.index, 0);
    assert.equal(end.index, -1);
  });

  it('names that fill their field, are empty, or are not UTF-8', () => {
    const named = (bytes: string) =>
      decodeOne(
        record((r) => r.fill(0, EVENT.comm.offset, EVENT.comm.offset + 16).write(bytes, EVENT.comm.offset, 'latin1')),
      );
    assert.equal(named('x'.repeat(16)).comm, 'x'.repeat(16));
    assert.equal(named('').comm, '');
    assert.equal(named('\xc5\xbc\xff').comm, 'ż\ufffd');
    assert.equal(named('a\0b').comm, 'a');
  });

  it('a zone without a name, as records of a kernel that forbids probe reads have it, is named by its kind', () => {
    const ofKind = (index: number) =>
      decodeOne(
        record((r) =>
          r.fill(0, EVENT.zone.offset, EVENT.zone.offset + 16).writeUInt32LE(index, EVENT.zoneIndex.offset),
        ),
      ).zone;
    assert.deepEqual([0, 1, 2, 3, 4, 9].map(ofKind), ['DMA', 'DMA32', 'Normal', 'Movable', 'Device', '9']);
  });

  it('a stall within a sampled span is its child; in a span of OBI, or one that is not sampled, it has a link', () => {
    const within = (source: number, flags: number) => {
      const { context, traceId } = decodeOne(
        record((r) => {
          const bytes = r.subarray(EVENT.context.offset);
          bytes.fill(0xab, TRACE_CONTEXT.traceId.offset, TRACE_CONTEXT.traceId.offset + TRACE_CONTEXT.traceId.size);
          bytes.fill(0xcd, TRACE_CONTEXT.spanId.offset, TRACE_CONTEXT.spanId.offset + TRACE_CONTEXT.spanId.size);
          bytes[TRACE_CONTEXT.flags.offset] = flags;
          bytes[TRACE_CONTEXT.source.offset] = source;
        }),
      );
      assert.deepEqual([context?.traceId, context?.spanId, context?.flags], ['ab'.repeat(16), 'cd'.repeat(8), flags]);
      assert.equal(traceId === context?.traceId, context?.relation === 'child');
      return [context?.source, context?.relation];
    };
    assert.deepEqual(within(CONTEXT.THREAD, 1), ['thread', 'child']);
    assert.deepEqual(within(CONTEXT.THREAD, 0), ['thread', 'link']);
    assert.deepEqual(within(CONTEXT.NODEJS, 3), ['nodejs', 'child']);
    assert.deepEqual(within(CONTEXT.OBI, 0), ['obi', 'link']);
  });

  it('the attributes of the span follow the stack', () => {
    const first = record();
    const withAttributes = (bytes: number[]) => {
      const whole = Buffer.concat([first, Buffer.from(bytes)]);
      whole.writeUInt16LE(bytes.length, EVENT.context.offset + TRACE_CONTEXT.attributesSize.offset);
      const { events, attributes } = decode(framed(whole, first));
      assert.deepEqual(events[0]!.stack, events[1]!.stack);
      assert.equal(attributes[1], undefined);
      return attributes[0];
    };
    assert.deepEqual(withAttributes([0, 2, 0x61, 0x62, 3, 0, 255, 1, 0x1b]), [
      [0, 'ab'],
      [3, ''],
      [255, '\x1b'],
    ]);
    assert.deepEqual(withAttributes([0, 1, 0xff]), [[0, '\ufffd']]);
    // Cut off.
    assert.deepEqual(withAttributes([0, 1, 0x61, 1, 9, 0x62]), [[0, 'a']]);
    for (const bytes of [[1], [1, 2, 0x61]]) assert.equal(withAttributes(bytes), undefined);
  });

  it('no stack, and the longest', () => {
    const withStack = (frames: number) => {
      const bytes = Buffer.alloc(EVENT.stack.offset + frames * 8);
      record().copy(bytes);
      bytes.writeUInt32LE(frames * 8, EVENT.stackSize.offset);
      return bytes;
    };
    assert.deepEqual(decodeOne(withStack(0)).stack, []);
    assert.equal(decode(framed(withStack(64))).malformed, 0);
    assert.equal(decode(framed(withStack(65))).malformed, 1);
  });

  it('why there is no stack', () => {
    const omitted = (reason: number) =>
      decodeOne(record((r) => r.writeUInt8(reason, EVENT.stackOmitted.offset))).stackOmitted;
    assert.equal(omitted(STACK_OMITTED.BUDGET), 'budget');
    assert.equal(omitted(STACK_OMITTED.MIN_DURATION), 'min_duration');
    assert.equal(omitted(STACK_OMITTED.FAILED), 'failed');
    assert.ok(!('stackOmitted' in decodeOne(record())));
  });
});

describe('records of another ABI are counted, and the others decoded', () => {
  const bad: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['a byte', Buffer.alloc(1)],
    ['up to the stack, less a byte', record().subarray(0, EVENT.stack.offset - 1)],
    ['shorter than its stack', record().subarray(0, -8)],
    ['longer than its stack', Buffer.concat([record(), Buffer.alloc(8)])],
    [
      'a stack of half a frame',
      record((r) => r.writeUInt32LE(12, EVENT.stackSize.offset)).subarray(0, EVENT.stack.offset + 12),
    ],
    ['an unknown trigger', u32(EVENT.trigger, 4)],
    ['more orders than there is room for', u32(EVENT.orders, 17)],
    ['nothing but ones', Buffer.alloc(400, 0xff)],
    ['nothing but zeros, with a trigger and no stack', Buffer.alloc(301)],
  ];
  for (const [what, bytes] of bad) {
    it(what, () => assert.deepEqual(counts(framed(record(), bytes, record())), [2, 1]));
  }

  it('16 orders, the most there is room for, are fine', () => {
    assert.equal(decodeOne(u32(EVENT.orders, 16)).begin.blocks.length, 16);
    assert.equal(decodeOne(u32(EVENT.orders, 0)).begin.blocks.length, 0);
  });

  it('a batch cut off anywhere gives the whole records before, and counts the broken one', () => {
    const batch = framed(record(), record());
    const whole = batch.length / 2;
    for (let size = 0; size <= batch.length; size++) {
      const [events, malformed] = counts(batch.subarray(0, size));
      assert.equal(events, Math.floor(size / whole), `cut at ${size}`);
      assert.equal(malformed, size % whole === 0 ? 0 : 1, `cut at ${size}`);
    }
  });

  it('a length that leads beyond the batch, or back, ends it', () => {
    for (const length of [0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]) {
      const batch = framed(record(), record());
      batch.writeUInt32LE(length, batch.length / 2);
      assert.deepEqual(counts(batch), [1, 1], String(length));
    }
  });

  it('nothing is nothing', () => assert.deepEqual(counts(Buffer.alloc(0)), [0, 0]));
});

it('ids of records that may be read again are the same again, differ between records and between boots', () => {
  const ids = (seed: string) =>
    recordedDecoder(seed)
      .decode(recordedBatch())
      .events.map(({ traceId, spanId }) => `${traceId}/${spanId}`);
  assert.deepEqual(ids('one boot'), ids('one boot'));
  assert.equal(new Set([...ids('one boot'), ...ids('another')]).size, 2 * ids('one boot').length);
  for (const id of ids('one boot')) assert.match(id, /^[0-9a-f]{32}\/[0-9a-f]{16}$/);
});
