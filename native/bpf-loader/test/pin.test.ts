// SPDX-License-Identifier: Apache-2.0
// What outlives its object: pinned maps, programs and links, and a ring that keeps what was drained.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { BpfObject, lockFolder, type RingBuffer, unreadRecords } from '../src/index.ts';
import { mountBpf } from './bpf-mount.ts';
import { bpfError, calls, counters, lengths, loadCounter, testObject } from './support.ts';

const nothing = () => {};
let folder: string;

before(async () => {
  folder = await mountBpf();
});

/** Attached, pinned and closed. @returns the folder of its pins */
function pinned(name: string): string {
  const object = loadCounter();
  object.attach();
  const place = join(folder, name);
  mkdirSync(place);
  object.pin(place);
  object.close();
  return place;
}

const adopt = (place: string) => BpfObject.load({ object: testObject, programs: ['by_btf'], adopt: place });

test('a pinned object goes on without its process, and is taken over with its counters and its ring', (t) => {
  const place = pinned('goes-on');
  calls(7);
  const object = adopt(place);
  t.after(() => object.close());
  assert.deepEqual(object.attached, ['by_btf']);
  assert.deepEqual(
    object.programStats().map(({ name }) => name),
    ['by_btf'],
  );
  calls(5);
  assert.equal(counters(object).sent, 12);
  assert.deepEqual(lengths(object.ringBuffer('ring', nothing).drain()!, 0), Array(12).fill(16));
  rmSync(join(place, 'link_by_btf'));
  object.detach();
  calls(3);
  assert.equal(counters(object).sent, 12, 'without its pin and its last user it is detached');
});

test('what is missing, and what has another layout, is refused', () => {
  const place = pinned('incomplete');
  rmSync(join(place, 'map_table'));
  assert.throws(() => adopt(place), bpfError('PIN_FAILED', /map_table': No such file or directory/));
  const create = 'map create type hash key 8 value 8 entries 3 name other'.split(' ');
  create.splice(2, 0, join(place, 'map_table'));
  assert.equal(spawnSync('bpftool', create).status, 0);
  assert.throws(() => adopt(place), bpfError('PIN_FAILED', /map_table' has another layout than this object's/));
  rmSync(join(place, 'link_by_btf'));
});

test('an object is not pinned outside of a BPF file system', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  assert.throws(() => object.pin(tmpdir()), bpfError('PIN_FAILED', /Cannot pin at '.*map_/));
});

test('a ring that keeps what was drained gives it to the next reader, from where it was released', (t) => {
  const object = loadCounter();
  t.after(() => object.close());
  object.attach();
  const open = () => object.ringBuffer('ring', nothing, { keep: true });
  let ring: RingBuffer = open();
  calls(10);
  assert.equal(lengths(ring.drain()!, 0).length, 10);
  assert.deepEqual([ring.pendingBytes, ring.position], [0, 10 * 24]);
  ring.release(4 * 24);
  ring.close();
  ring = open();
  assert.equal(ring.position, 4 * 24);
  assert.equal(lengths(ring.drain()!, 4).length, 6);
  calls(1);
  for (const position of [3 * 24, 12 * 24]) {
    assert.throws(
      () => ring.release(position),
      bpfError('INVALID_ARGUMENT', new RegExp(`holds the positions 96 to 264, not ${position}`)),
    );
  }
  ring.release(11 * 24);
  assert.equal(ring.drain(), null, 'beyond what was drained, records are skipped');
});

test('records that nobody has released are counted, and stay', (t) => {
  const place = pinned('counted');
  calls(9);
  const ring = join(place, 'map_ring');
  assert.deepEqual([unreadRecords(ring), unreadRecords(ring, 15), unreadRecords(ring, 16)], [9, 9, 0]);
  const object = adopt(place);
  t.after(() => object.close());
  assert.equal(lengths(object.ringBuffer('ring', nothing).drain()!, 0).length, 9);
  assert.throws(() => unreadRecords(join(place, 'nothing')), bpfError('PIN_FAILED', /No such file or directory/));
  rmSync(join(place, 'link_by_btf'));
});

test('a folder is locked for one process, until that one ends', (t) => {
  const place = mkdtempSync(join(tmpdir(), 'bpf-loader-'));
  t.after(() => rmSync(place, { recursive: true }));
  const index = new URL('../src/index.ts', import.meta.url).href;
  const script = `import { lockFolder } from '${index}'; console.log(lockFolder(${JSON.stringify(place)}));`;
  const other = () => spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
  assert.equal(other(), 'true\n');
  assert.equal(lockFolder(place), true, 'the other one has ended');
  assert.equal(other(), 'false\n');
  assert.throws(() => lockFolder(join(place, 'missing')), bpfError('LOCK_FAILED', /No such file or directory/));
});
