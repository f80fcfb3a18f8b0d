// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { ThreadContextLocator } from '../../../../src/prober/thread-context/locator.ts';
import { findMappedFile, withMappedFile } from '../../../../src/prober/thread-context/mapped-file.ts';
import { PublisherFiles } from '../../../../src/prober/thread-context/publisher-file.ts';
import { moreSpecific, REASONS, type Reason, reasonOf } from '../../../../src/prober/thread-context/reason.ts';
import { machineOf } from '../../../../src/prober/thread-context/tls/machine.ts';
import type { Mapping } from '../../../../src/procfs/maps.ts';
import { temporaryFolder } from '../../fixtures.ts';
import { AT, library, X86_64 } from './elf-builder.ts';

const MAPPING: Mapping = {
  start: 0x1000n,
  end: 0x2000n,
  offset: 0,
  inode: 1,
  device: 'fe:00',
  permissions: 'r-xp',
  path: '/x',
};

/** A folder like /proc, where process 7 has one file mapped. */
function processWith(t: TestContext, target: string) {
  const at = temporaryFolder(t);
  mkdirSync(at('7', 'map_files'), { recursive: true });
  symlinkSync(target, at('7', 'map_files', '1000-2000'));
  return at;
}

describe('the file behind a mapping', () => {
  it('is not opened if it is a pipe or a device', (t) => {
    const folder = temporaryFolder(t);
    execFileSync('mkfifo', [folder('pipe')]);
    for (const target of [folder('pipe'), '/dev/zero', folder()]) {
      const at = processWith(t, target);
      assert.throws(() => findMappedFile(7, MAPPING, at()), /is not a regular file/);
    }
  });

  it('is not read if it changed after the lookup', (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(folder('file'), 'before');
    utimesSync(folder('file'), 0, 0);
    const file = findMappedFile(7, MAPPING, processWith(t, folder('file'))());
    assert.equal(withMappedFile(file, (_, size) => size), 6); // biome-ignore format: one line
    // The same length, and the same time.
    writeFileSync(folder('file'), 'behind');
    utimesSync(folder('file'), 0, 0);
    assert.throws(() => withMappedFile(file, () => 0), /changed/);
  });
});

describe('the facts about files', () => {
  it('are kept until a file changes, even if there are none', (t) => {
    const folder = temporaryFolder(t);
    const files = new PublisherFiles(X86_64);
    const look = () => files.factsOf(findMappedFile(7, MAPPING, processWith(t, folder('file'))()));
    writeFileSync(folder('file'), library());
    const first = look();
    assert.equal(first.v1?.relocation?.kind, 'descriptor');
    assert.equal(first.nodejs, undefined);
    assert.equal(look(), first);
    const renamed = library();
    renamed.write('other', AT.strings + 1);
    writeFileSync(folder('file'), renamed);
    assert.equal(look().failure, 'no_symbol');
    assert.equal(look(), look());
    writeFileSync(folder('file'), 'text');
    assert.equal(look().failure, 'not_elf');
    assert.equal(files.size, 3);
  });

  it('are not kept for a file that cannot be read at the moment', (t) => {
    const files = new PublisherFiles(X86_64);
    // It claims 4096 bytes, and ends earlier.
    const file = findMappedFile(7, MAPPING, processWith(t, '/sys/kernel/mm/transparent_hugepage/enabled')());
    for (let i = 0; i < 2; i++) assert.throws(() => files.factsOf(file), { reason: 'unreadable_file' });
    assert.equal(files.size, 0);
  });
});

describe('reasons', () => {
  it('the more specific one is kept, and each is a sentence', () => {
    assert.equal(moreSpecific('no_symbol', 'not_relocated'), 'not_relocated');
    assert.equal(moreSpecific('not_relocated', 'unreadable_file'), 'not_relocated');
    for (const reason of Object.keys(REASONS) as Reason[]) assert.equal(moreSpecific(reason, 'no_symbol'), reason);
    assert.equal(reasonOf(Object.assign(new Error(), { code: 'EPERM' }), 'gone'), 'no_permission');
    assert.equal(reasonOf(Object.assign(new Error(), { code: 'ENOENT' }), 'gone'), 'gone');
    assert.equal(reasonOf(Object.assign(new Error(), { code: 'EMFILE' }), 'gone'), 'unreadable_file');
  });

  it('a fictitious process: the reason for each obstacle', (t) => {
    const at = temporaryFolder(t);
    const proc = at();
    mkdirSync(at('7', 'map_files'), { recursive: true });
    mkdirSync(at('self'));
    writeFileSync(at('7', 'auxv'), '');
    writeFileSync(at('7', 'mountinfo'), '');
    const locate = (maps: string) => {
      writeFileSync(at('7', 'maps'), maps);
      return new ThreadContextLocator({ proc, machine: X86_64 }).locate(7);
    };
    const line = (device: string, index = 0) => `${(index + 1) * 1000}-${(index + 2) * 1000} r-xp 0 ${device} 1 /x\n`;
    assert.deepEqual(new ThreadContextLocator({ proc }).locate(8), { reason: 'gone' });
    assert.deepEqual(locate(''), { reason: 'no_mappings' });
    assert.deepEqual(locate(line('00:10')), { reason: 'unsafe_file_system' });
    assert.deepEqual(locate(line('fe:00')), { reason: 'unreadable_file' });
    writeFileSync(at('library'), library());
    symlinkSync(at('library'), at('7', 'map_files', '1000-2000'));
    assert.deepEqual(locate(line('fe:00')), { reason: 'gone' }, 'before its memory could be opened');
    writeFileSync(at('library'), library().subarray(0, 0x200));
    assert.deepEqual(locate(line('fe:00')), { reason: 'damaged_elf' });
    writeFileSync(at('library'), 'x');
    assert.deepEqual(locate(line('fe:00')), { reason: 'no_symbol' }, 'not the executable: no ELF file is fine');
    assert.deepEqual(locate(line('fe:00').repeat(65_537)), { reason: 'too_many_mappings' });
    assert.equal(machineOf('riscv64'), undefined);
    // The executable, found by its first instruction, comes first, and must meet more conditions.
    const auxv = Buffer.alloc(32);
    for (const [i, word] of [9n, 0x2800n, 0n, 0n].entries()) auxv.writeBigUInt64LE(word, i * 8);
    writeFileSync(at('7', 'auxv'), auxv);
    writeFileSync(at('library'), 'x');
    writeFileSync(at('executable'), library().subarray(0, 0x200));
    symlinkSync(at('executable'), at('7', 'map_files', '2000-3000'));
    writeFileSync(at('7', 'maps'), line('fe:00') + line('fe:00', 1).replace(' 1 /x', ' 2 /x'));
    const limits = { files: 1, milliseconds: 1000 };
    const first = () => new ThreadContextLocator({ proc, machine: X86_64, limits }).locate(7);
    assert.deepEqual(first(), { reason: 'damaged_elf' });
    writeFileSync(at('executable'), library());
    assert.deepEqual(first(), { v1: [{ kind: 'static', offset: -8n }], nodejs: [], keys: [] });
    writeFileSync(at('executable'), 'x');
    assert.deepEqual(first(), { reason: 'too_much_work' });
    assert.deepEqual(new ThreadContextLocator({ proc, machine: X86_64 }).locate(7), { reason: 'not_elf' });
  });
});
