// SPDX-License-Identifier: Apache-2.0
// Maps pinned by somebody else, in a BPF file system that is mounted in a private namespace.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import { mountBpf } from './bpf-mount.ts';
import { bpfError, calls, loadCounter, openDescriptors } from './support.ts';

let folder: string;

before(async () => {
  folder = await mountBpf();
});

/** @returns its path */
function pin(name: string, { type = 'hash', key = 4, value = 8, entries = 3 } = {}): string {
  const shape = `type ${type} key ${key} value ${value} entries ${entries} name somebodys`;
  execFileSync('bpftool', ['map', 'create', `${folder}/${name}`, ...shape.split(' ')]);
  return `${folder}/${name}`;
}

/** Key 7, which the test object's program reads. */
const setSeven = (path: string, value: number) =>
  execFileSync('bpftool', `map update pinned ${path} key 7 0 0 0 value ${value} 0 0 0 0 0 0 0`.split(' '));

test('programs read a pinned map and its later changes, whatever its max_entries', (t) => {
  const path = pin('fits', { entries: 100 });
  const object = loadCounter({ programs: ['reads_table'], pinnedMaps: { table: path } });
  t.after(() => object.close());
  object.attach();
  const lookUp = () => {
    calls(1);
    return object.readVariable('looked_up').readBigUInt64LE();
  };
  assert.equal(lookUp(), 0n);
  setSeven(path, 42);
  assert.equal(lookUp(), 42n);
  setSeven(path, 43);
  assert.equal(lookUp(), 43n);
});

test('the object does not change it', (t) => {
  const path = pin('foreign');
  setSeven(path, 42);
  const object = loadCounter({ programs: ['reads_table'], pinnedMaps: { table: path } });
  t.after(() => object.close());
  const key = Buffer.from([7, 0, 0, 0]);
  assert.throws(() => object.updateMap('table', key, Buffer.alloc(8)), bpfError('MAP_FAILED', /not permitted/));
  assert.throws(() => object.deleteFromMap('table', key), bpfError('MAP_FAILED', /not permitted/));
  const [entry] = JSON.parse(execFileSync('bpftool', ['-j', 'map', 'dump', 'pinned', path], { encoding: 'utf8' }));
  assert.equal(entry.value[0], '0x2a');
});

test('a map of another type or size is refused, and nothing stays open', () => {
  const shapes = [
    { type: 'lru_hash', key: 4, value: 8 },
    { type: 'hash', key: 8, value: 8 },
    { type: 'hash', key: 4, value: 16 },
  ];
  for (const [i, { type, key, value }] of shapes.entries()) {
    const path = pin(`misfit-${i}`, { type, key, value });
    const before = openDescriptors().length;
    const its = `of type ${type} with keys of ${key} and values of ${value} bytes`;
    assert.throws(
      () => loadCounter({ pinnedMaps: { table: path } }),
      bpfError(
        'PIN_FAILED',
        new RegExp(`${path}.*${its}, but 'table' is of type hash with keys of 4 and values of 8 bytes`),
      ),
    );
    assert.equal(openDescriptors().length, before);
  }
});

test('a missing file, one that is not a map, and an unknown name', () => {
  const load = (pinnedMaps: Record<string, string>) => () => loadCounter({ pinnedMaps });
  assert.throws(load({ table: `${folder}/nowhere` }), (error) => {
    bpfError('PIN_FAILED', /nowhere': No such file or directory/)(error);
    assert.equal((error as { errno?: string }).errno, 'ENOENT');
    return true;
  });
  assert.throws(load({ table: '/proc/self/status' }), bpfError('PIN_FAILED', /Cannot take the map pinned at/));
  assert.throws(load({ tables: `${folder}/fits` }), bpfError('UNKNOWN_NAME', /no map 'tables'/));
});
