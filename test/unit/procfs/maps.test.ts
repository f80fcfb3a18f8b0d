// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { mappingAt, parseMaps, readMaps } from '../../../src/procfs/maps.ts';
import { FileSystems, parseMountinfo } from '../../../src/procfs/mountinfo.ts';
import { readProcFile } from '../../../src/procfs/proc-file.ts';
import { temporaryFolder } from '../fixtures.ts';

const MAPS = `55d0c8a00000-55d0c8a28000 r-xp 00002000 fe:00 1053                       /usr/bin/a program
7f1000000000-7f1000021000 rw-p 00000000 00:00 0 
7f2000000000-7f2000001000 r--s 00000000 00:01 3078                       /memfd:x (deleted)
7f3000000000-7f3000001000 r-xp 00000000 fe:00 1054                       /tmp/two\\012lines
7ffe2a3c1000-7ffe2a3e2000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

describe('maps', () => {
  it('a line is a mapping', () => {
    const maps = parseMaps(MAPS)!;
    assert.deepEqual(maps[0], {
      start: 0x55d0c8a00000n,
      end: 0x55d0c8a28000n,
      offset: 0x2000,
      inode: 1053,
      device: 'fe:00',
      permissions: 'r-xp',
      path: '/usr/bin/a program',
    });
    assert.deepEqual(
      maps.map(({ path }) => path),
      ['/usr/bin/a program', '', '/memfd:x (deleted)', '/tmp/two\nlines', '[stack]', '[vsyscall]'],
    );
    assert.equal(maps[5]!.start, 0xffffffffff600000n);
  });

  it('a path may have any characters: the kernel escapes line feeds alone', () => {
    for (const path of ['/tmp/a\rb.so', '/tmp/\u2028', '/tmp/\u2029x', '/tmp/\t ']) {
      const maps = parseMaps(`7f1000000000-7f1000021000 r-xp 00000000 fe:00 7 ${path}\n`)!;
      assert.deepEqual(
        maps.map((one) => one.path),
        [path],
      );
    }
  });

  it('the mapping that contains an address', () => {
    const maps = parseMaps(MAPS)!;
    for (const mapping of maps) {
      assert.equal(mappingAt(maps, mapping.start), mapping);
      assert.equal(mappingAt(maps, mapping.end - 1n), mapping);
      assert.equal(mappingAt(maps, mapping.end), undefined);
      assert.equal(mappingAt(maps, mapping.start - 1n), undefined);
    }
    assert.equal(mappingAt([], 0n), undefined);
  });

  it('malformed lines are skipped; too many mappings are reported', () => {
    assert.deepEqual(
      parseMaps('\n\0\nfoo\n1-2 rwx 0 0:0 0\n1-2 rwxq 0 0:0 0 x\n11111111111111111-2 r-xp 0 0:0 0 x'),
      [],
    );
    assert.deepEqual(parseMaps(''), []);
    assert.equal(parseMaps(MAPS, 6)!.length, 6);
    assert.equal(parseMaps(MAPS, 5), undefined);
    assert.equal(parseMaps('1-2 r-xp 0 0:0 1 x')!.length, 1, 'cut off at the end of its last line');
  });

  it('of this process', () => {
    assert.ok(readMaps('/proc/self')!.some(({ path }) => path === process.execPath));
    assert.throws(() => readMaps('/proc/2147483647'), { code: 'ENOENT' });
  });
});

describe('files of /proc', () => {
  it('up to a length', (t) => {
    const at = temporaryFolder(t);
    const text = 'x'.repeat(200_000);
    writeFileSync(at('file'), text);
    const read = (most: number) => readProcFile(at('file'), most).toString();
    assert.equal(read(200_001), text);
    assert.equal(read(70_000), text.slice(0, 70_000));
    assert.equal(read(10), text.slice(0, 10));
    writeFileSync(at('file'), '');
    assert.equal(read(10), '');
  });
});

describe('file systems', () => {
  const line = (device: string, type: string) =>
    `36 35 ${device} / /mnt/a\\040b rw,noatime shared:1 - ${type} /dev/x rw\n`;

  it('the mounts: device, place and type of each', () => {
    assert.deepEqual(parseMountinfo(`${line('254:0', 'ext4')}\n36 35 1:1 / - x\nfoo\n${line('0:40', 'fuse.sshfs')}`), [
      { device: '254:0', point: '/mnt/a b', type: 'ext4' },
      { device: '0:40', point: '/mnt/a b', type: 'fuse.sshfs' },
    ]);
  });

  it('are not local if a program or another machine answers, or if the type is unknown', (t) => {
    const at = temporaryFolder(t);
    for (const folder of ['7', 'self']) mkdirSync(at(folder));
    writeFileSync(at('7', 'mountinfo'), line('0:40', 'fuse.sshfs') + line('0:41', 'overlay') + line('8:1', 'fuseblk'));
    writeFileSync(at('self', 'mountinfo'), line('0:40', 'tmpfs') + line('0:42', 'btrfs') + line('0:43', 'nfs4'));
    const systems = new FileSystems(7, at());
    const local = (device: string) => systems.isLocal(device);
    assert.deepEqual(['00:29', '00:2a', 'fe:00'].map(local), [true, true, true]);
    assert.deepEqual(['00:28', '08:01', '00:2b', '00:2c', '00:00'].map(local), [false, false, false, false, false]);
    // A process that has ended.
    assert.equal(new FileSystems(8, at()).isLocal('00:2a'), true);
  });
});
