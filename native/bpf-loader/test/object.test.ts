// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfError, BpfObject, enableRunTimeStats, readClocks } from '../src/index.ts';
import { bpfError, calls, counters, lengths, loadCounter, openDescriptors, testObject, threadId } from './support.ts';

test('a rejected program: the error holds the whole verifier log', () => {
  assert.throws(
    () => BpfObject.load({ object: testObject, programs: ['invalid'] }),
    (error) => {
      assert.ok(error instanceof BpfError);
      assert.equal(error.code, 'LOAD_FAILED');
      assert.equal(error.errno, 'EACCES');
      assert.match(error.message, /'invalid'.*Permission denied.*The verifier's log is in the property `log`/);
      assert.match(error.log, /BEGIN PROG LOAD LOG/);
      assert.match(error.log, /R0 invalid mem access 'map_value_or_null'/);
      assert.match(error.log, /END PROG LOAD LOG/);
      assert.equal(error.log.split('R0 invalid mem access').length, 2, 'once');
      return true;
    },
  );
});

test('bytes that are not a BPF object', () => {
  for (const bytes of [Buffer.from('x'), Buffer.alloc(100), testObject.subarray(0, 64), testObject.subarray(0, 2000)]) {
    assert.throws(() => BpfObject.load({ object: bytes }), bpfError('OPEN_FAILED', /not a BPF object/));
  }
});

test('a view into the middle of a buffer, and shared memory', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(testObject.length + 3));
  shared.set(testObject, 3);
  const object = loadCounter({ object: shared.subarray(3) });
  shared.fill(0);
  object.attach();
  calls(5);
  assert.equal(counters(object).calls, 5);
  object.close();
});

test('only the chosen programs are loaded', (t) => {
  const object = loadCounter({ programs: ['by_raw'] });
  t.after(() => object.close());
  assert.deepEqual(
    object.programStats().map((program) => program.name),
    ['by_raw'],
  );
  assert.throws(
    () => object.attach(['by_btf']),
    bpfError('UNKNOWN_NAME', /no loaded program 'by_btf'.*It has: by_raw\./),
  );
  assert.throws(
    () => loadCounter({ programs: ['nope'] }),
    bpfError('UNKNOWN_NAME', /no program 'nope'.*It has: by_btf, by_raw, reads_table, nowhere, invalid\./),
  );
});

test('without a choice all but the optional ones are loaded', (t) => {
  const { programs: _, ...options } = { object: testObject, programs: 0 };
  const object = BpfObject.load(options);
  t.after(() => object.close());
  assert.deepEqual(
    object.programStats().map((program) => program.name),
    ['by_btf', 'by_raw'],
  );
});

test('no programs at all: only maps and variables', (t) => {
  const object = loadCounter({ programs: [] });
  t.after(() => object.close());
  object.attach();
  assert.deepEqual(object.programStats(), []);
  assert.equal(counters(object).calls, 0);
});

test('attach() with names, repeats, detach() and attach() again: counted once each', (t) => {
  const object = loadCounter({ programs: ['by_btf', 'by_raw'] });
  t.after(() => object.close());
  object.attach(['by_raw']);
  calls(7);
  assert.equal(counters(object).calls, 7);
  object.attach(['by_raw', 'by_raw']);
  calls(7);
  assert.equal(counters(object).calls, 14, 'attached already');
  object.attach();
  calls(7);
  assert.equal(counters(object).calls, 28, 'both');
  object.detach();
  object.detach();
  calls(7);
  assert.equal(counters(object).calls, 28);
  object.attach();
  calls(7);
  assert.equal(counters(object).calls, 42);
});

test('attach() is all or nothing', (t) => {
  const object = loadCounter({ programs: ['by_btf', 'by_raw', 'nowhere'] });
  t.after(() => object.close());
  const failed = (error: unknown) => {
    bpfError('ATTACH_FAILED', /'nowhere' \(raw_tp\/no_such_tracepoint\).*No such file or directory/)(error);
    assert.equal((error as BpfError).errno, 'ENOENT');
    assert.match((error as BpfError).log, /failed to attach to raw tracepoint/);
    return true;
  };
  assert.throws(() => object.attach(), failed);
  calls(7);
  assert.equal(counters(object).calls, 0, 'those before it were detached again');
  object.attach(['by_raw']);
  assert.throws(() => object.attach(['by_btf', 'nowhere']), failed);
  calls(7);
  assert.equal(counters(object).calls, 7, 'what an earlier call attached stays');
  assert.throws(() => object.attach(['by_btf', 'nope']), bpfError('UNKNOWN_NAME', /'nope'/));
  calls(7);
  assert.equal(counters(object).calls, 14, 'names are looked at first');
  assert.match(object.log, /failed to attach to raw tracepoint/);
});

test('two objects do not disturb each other', () => {
  const one = loadCounter();
  const other = loadCounter({ constants: { min_bytes: 24 } });
  one.attach();
  calls(11);
  other.attach();
  calls(13);
  const rings = [one.ringBuffer('ring', () => {}), other.ringBuffer('ring', () => {})];
  one.close();
  calls(17);
  assert.equal(counters(other).calls, 30);
  assert.deepEqual(lengths(rings[1]!.drain()!, 0), Array(30).fill(24));
  assert.throws(() => rings[0]!.drain(), bpfError('CLOSED', /closed/));
  other.close();
});

test('after close() every method reports it', () => {
  const object = loadCounter();
  object.close();
  object.close();
  const closed = bpfError('CLOSED', /This BpfObject is closed/);
  assert.throws(() => object.attach(), closed);
  assert.throws(() => object.detach(), closed);
  assert.throws(() => object.ringBuffer('ring', () => {}), closed);
  assert.throws(() => object.readVariable('armed'), closed);
  assert.throws(() => object.writeVariable('armed', 1), closed);
  assert.throws(() => object.programStats(), closed);
  assert.equal(object.log, '');
});

test('run-time statistics', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  // Others on this host may measure all programs, too, so the test asserts only that this object starts and stops asking.
  const open = () => openDescriptors().filter((target) => target === 'anon_inode:bpf-stats').length;
  const before = object.programStats()[0]!;
  assert.deepEqual(Object.keys(before), ['name', 'runTimeNs', 'runCount', 'recursionMisses']);
  assert.equal(open(), 0);
  const stats = enableRunTimeStats();
  assert.equal(open(), 1);
  calls(101);
  const after = object.programStats()[0]!;
  stats.close();
  stats.close();
  assert.equal(open(), 0);
  assert.equal(after.name, 'by_btf');
  assert.ok(after.runCount >= before.runCount + 101);
  assert.ok(after.runTimeNs > before.runTimeNs);
  assert.equal(after.recursionMisses, 0);
});

test('verbose keeps the debug messages, quiet keeps none', (t) => {
  const quiet = loadCounter();
  t.after(() => quiet.close());
  assert.equal(quiet.log, '');
  const verbose = loadCounter({ verbose: true, name: 'a name' });
  assert.match(verbose.log, /loading object 'a name' from buffer/);
  assert.match(verbose.log, /prog 'by_raw': skipped loading/);
  verbose.close();
  assert.match(verbose.log, /loading object/, 'still readable');
});

test('BTF for CO-RE is not opened without relocations', () => {
  loadCounter({ btfPath: '/nonexistent' }).close();
});

test('clocks', () => {
  const before = process.hrtime.bigint();
  const clocks = readClocks();
  const after = process.hrtime.bigint();
  assert.ok(before <= clocks.monotonicNs && clocks.monotonicNs <= after);
  assert.ok(clocks.boottimeNs >= clocks.monotonicNs - BigInt(clocks.uncertaintyNs));
  const difference = Number(clocks.realtimeNs / 1_000_000n) - Date.now();
  assert.ok(Math.abs(difference) < 60_000, `${difference} ms`);
  assert.ok(Number.isInteger(clocks.uncertaintyNs) && clocks.uncertaintyNs >= 0);
});

test('the thread id for constants', () => {
  assert.equal(threadId(), process.pid, 'tests run on the main thread');
});
