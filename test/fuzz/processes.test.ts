// SPDX-License-Identifier: Apache-2.0
// The files of /proc about a process, which chooses much of what is in them.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { environmentResource, parseResourceAttributes } from '../../src/otel-environment/resource.ts';
import { variable } from '../../src/prober/service/environment.ts';
import { readActivity } from '../../src/procfs/activity.ts';
import { auxiliaryValue, pageBytes } from '../../src/procfs/auxv.ts';
import { containerOf } from '../../src/procfs/container-id.ts';
import { mappingAt, parseMaps } from '../../src/procfs/maps.ts';
import { FileSystems, parseMountinfo } from '../../src/procfs/mountinfo.ts';
import { readStat, startStackOf } from '../../src/procfs/stat.ts';
import { anyText, mutated, mutatedText, noise, record, u64 } from './arbitraries.ts';
import { FILES, property } from './property.ts';
import { scratchFolder } from './scratch.ts';

const PID = 4711;
const proc = scratchFolder();
const folder = join(proc, String(PID));
mkdirSync(join(folder, 'task', String(PID)), { recursive: true });
const put = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);

const STAT = `${PID} (node) S 1 4711 4711 0 -1 4194304 5 0 0 0 7 3 0 0 20 0 11 0 123456 1 1 18446744073709551615 4194304 4195 140724000000000 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 2 3 4 140724000001000 140724000002000 140724000003000 0\n`;

property(
  'stat: any name, and changed characters',
  fc.oneof(mutatedText(fc.constant(STAT), [') ', ' 5']), anyText(300)),
  (text) => {
    put(`task/${PID}/stat`, text);
    put('stat', text);
    const stat = readStat(folder);
    if (stat) {
      assert.ok(stat.startedNs >= 0n && startStackOf(stat) === stat.startStack && stat.startStack >= 0n);
      assert.ok(Number.isInteger(stat.parent) && stat.environmentAt >= 0n && Number.isFinite(stat.environmentSize));
      assert.ok(stat.comm.length <= text.length && stat.execId.split(' ').length === 3);
    }
    const activity = readActivity(folder);
    if (activity) assert.ok(activity.cpuMs >= 0, String(activity.cpuMs));
  },
  FILES,
);

property(
  'stat: a name with any characters hides nothing',
  anyText(64),
  (comm) => {
    put(
      `task/${PID}/stat`,
      STAT.replace('node', () => comm),
    );
    const stat = readStat(folder)!;
    assert.deepEqual([stat.comm, stat.startedNs, stat.parent], [Buffer.from(comm).toString(), 1_234_560_000_000n, 1]);
  },
  FILES,
);

/** A path as the kernel prints it: its line ends are escaped. */
const path = fc
  .oneof(anyText(40), fc.constantFrom('', '[heap]', '/memfd:OTEL_CTX (deleted)', '/usr/lib/a b.so'))
  .map((text) => text.toWellFormed().replaceAll('\0', '').trimStart())
  .filter((text) => !text.includes('\\012'));

const mapping = record({
  start: u64(),
  end: u64(),
  permissions: fc.constantFrom('r-xp', 'rw-p', '---p', 'r--s'),
  offset: fc.nat(2 ** 31 - 1),
  device: fc.constantFrom('00:00', 'fd:01', '103:02'),
  inode: fc.nat(),
  path,
});

property('maps: what the kernel prints is read, whatever the path', fc.array(mapping, { maxLength: 8 }), (mappings) => {
  const hex = (value: bigint | number) => value.toString(16).padStart(8, '0');
  const line = (one: (typeof mappings)[number]) =>
    `${hex(one.start)}-${hex(one.end)} ${one.permissions} ${hex(one.offset)} ${one.device} ${one.inode} ${one.path.replaceAll('\n', '\\012')}\n`;
  assert.deepEqual(parseMaps(mappings.map(line).join('')), mappings);
});

property(
  'maps: changed lines',
  mutatedText(
    fc.constant(
      '00400000-00401000 r-xp 00000000 fd:01 1234      /bin/cat\n7ffd1000-7ffd2000 rw-p 00000000 00:00 0   [stack]\n',
    ),
    ['fffffffffffff', '-', 'r-xp'],
  ),
  (text) => {
    const mappings = parseMaps(text)!;
    assert.ok(mappings.length <= text.length / 20);
    for (const { start, end, offset, inode } of mappings)
      assert.ok(start >= 0n && end < 2n ** 64n && offset >= 0 && inode >= 0);
    assert.equal(parseMaps(text, 0)?.length, mappings.length > 0 ? undefined : 0);
    mappingAt(mappings, 0x400800n);
  },
);

property(
  'auxv: any bytes',
  mutated(noise(1100)),
  (bytes) => {
    put('auxv', bytes);
    for (const type of [6, 9, 0]) {
      const value = auxiliaryValue(folder, type);
      assert.ok(value === undefined || (value >= 0n && value < 2n ** 64n));
    }
    const size = pageBytes(folder);
    assert.ok([4096, 16384, 65536].includes(size), String(size));
  },
  FILES,
);

const CGROUP = `0::/system.slice/docker-${'0123456789abcdef'.repeat(4)}.scope\n12:cpu,cpuacct:/kubepods/pod1/${'fedcba9876543210'.repeat(4)}\n`;

property(
  'cgroup: changed paths',
  fc.oneof(mutatedText(fc.constant(CGROUP), ['0::/', 'a'.repeat(64), '.scope', 'conmon']), anyText(200)),
  (text) => {
    put('cgroup', text);
    const container = containerOf(folder);
    assert.ok(container === undefined || (/^[0-9a-f]{64}$/.test(container) && text.includes(container)));
  },
  FILES,
);

const mount = record({
  device: fc.constantFrom('8:1', '0:42', '254:0'),
  point: anyText(40).map((text) => `/${text.toWellFormed()}`),
  type: fc.constantFrom('ext4', 'fuse.sshfs', 'overlay', 'tmpfs', 'nfs4'),
});

property(
  'mountinfo: what the kernel prints is read, whatever the path',
  fc.array(mount, { maxLength: 6 }),
  (mounts) => {
    const escaped = (text: string) =>
      text.replace(/[ \t\n\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`);
    const text = mounts
      .map(({ device, point, type }) => `36 35 ${device} / ${escaped(point)} rw,noatime master:1 - ${type} /dev/x rw\n`)
      .join('');
    assert.deepEqual(parseMountinfo(text), mounts);
  },
);

property(
  'mountinfo: changed lines',
  mutatedText(fc.constant('36 35 8:1 / /a rw - ext4 /dev/sda1 rw\n37 35 0:42 / /b rw - fuse.x x rw\n'), [' - ', ' ']),
  (text) => {
    put('mountinfo', text);
    assert.equal(typeof new FileSystems(PID, proc).isLocal('00:2a'), 'boolean');
    assert.ok(parseMountinfo(text).length <= text.length / 8);
  },
  FILES,
);

const pair = fc.tuple(anyText(20), anyText(20)).filter(([name]) => name.toWellFormed().trim() !== '');

property(
  'environ: attributes that were written percent-encoded are read',
  fc.array(pair, { maxLength: 6 }),
  (pairs) => {
    const wellFormed = pairs.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()] as const);
    const text = wellFormed
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join(',');
    const environment = Buffer.from(`PATH=/bin\0OTEL_RESOURCE_ATTRIBUTES=${text}\0HOME=/\0`);
    assert.deepEqual(
      environmentResource((name) => variable(environment, name)),
      wellFormed,
    );
  },
);

property(
  'environ: any bytes',
  mutated(fc.constant(Buffer.from('A=b\0OTEL_SERVICE_NAME=shop\0OTEL_RESOURCE_ATTRIBUTES=a=b,c=%20d\0'))),
  (bytes) => {
    const attributes = environmentResource((name) => variable(bytes, name), 128);
    assert.ok(attributes.length <= 129);
    for (const [name, value] of attributes) {
      assert.ok(name !== '' && value.length <= bytes.length);
      JSON.stringify(value).toWellFormed();
    }
  },
);

property('environ: any text as attributes', anyText(100), (text) => {
  const found = parseResourceAttributes(text);
  assert.ok(found.length <= text.split(',').length);
  assert.ok(parseResourceAttributes(text, 2).length <= 2);
});
