// SPDX-License-Identifier: Apache-2.0
/** The spool's folder on a real disk. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DiskFiles } from '../../../src/spool/disk-files.ts';
import { currentOwner, openSpoolFolder } from '../../../src/spool/folder.ts';
import { Lock } from '../../../src/spool/lock.ts';

const top = mkdtempSync(join(tmpdir(), 'compactstall-spool-'));
after(() => rmSync(top, { recursive: true }));
let count = 0;
const fresh = () => join(top, String(++count));

async function refused(path: string, why: RegExp, owner = currentOwner()): Promise<void> {
  await assert.rejects(openSpoolFolder(path, owner), (error: Error) => {
    assert.match(error.message, new RegExp(`^cannot use the spool ${path}: `));
    assert.match(error.message, why);
    return true;
  });
}

describe('the folder of a spool', () => {
  it('is made for its owner only', async () => {
    const path = fresh();
    const folder = await openSpoolFolder(path);
    assert.equal(statSync(path).mode & 0o7777, 0o700);
    await folder.close();
    await (await openSpoolFolder(path)).close();
  });

  it('is refused where others may write, where it is another’s, and where it is a file', async () => {
    const path = fresh();
    mkdirSync(path);
    chmodSync(path, 0o775);
    await refused(path, /others may write there \(mode 0775\); choose another folder, or take that right from them\.$/);
    chmodSync(path, 0o1777);
    await refused(path, /others may write there \(mode 1777\); choose another folder, /);
    chmodSync(path, 0o755);
    await refused(path, /it belongs to user \d+, and the agent runs as user 12345; choose another folder\.$/, {
      uid: 12345,
      gid: 12345,
    });
    const file = fresh();
    writeFileSync(file, '');
    await refused(file, /not a directory/);
    await refused(join(top, 'none', 'spool'), /no such file or directory/);
  });

  it('is found through symbolic links, but not through one in a folder that others may write', async () => {
    const [open, closed, target] = [fresh(), fresh(), fresh()];
    for (const path of [open, closed, target]) mkdirSync(path, 0o700);
    for (const path of [open, closed]) symlinkSync(target, join(path, 'link'));
    chmodSync(open, 0o1777);
    await (await openSpoolFolder(join(closed, 'link'))).close();
    await (await openSpoolFolder(join(closed, 'link', 'below'))).close();
    assert.deepEqual(readdirSync(target), ['below']);
    await refused(join(open, 'link'), /link is a symbolic link in a folder that others may write\.$/);
    await refused(join(open, 'link', 'below'), /is a symbolic link in a folder that others may write\.$/);
    symlinkSync('loop', join(closed, 'loop'));
    await refused(join(closed, 'loop'), /too many symbolic links\.$/);
  });

  it('keeps its files from others, and follows no link among them', async () => {
    const path = fresh();
    const folder = await openSpoolFolder(path);
    const files = new DiskFiles(folder);
    const file = await files.create('a');
    await file.append([Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')]);
    await file.dataSync();
    await file.close();
    assert.equal(statSync(join(path, 'a')).mode & 0o7777, 0o600);
    assert.equal((await files.read('a', 100)).toString(), 'onetwo');
    assert.equal((await files.read('a', 4)).toString(), 'onet');
    symlinkSync('a', join(path, 'link'));
    await assert.rejects(files.read('link', 100), { code: 'ELOOP' });
    await assert.rejects(files.create('link'), { code: 'EEXIST' });
    await assert.rejects(files.create('a'), { code: 'EEXIST' });
    mkdirSync(join(path, 'folder'));
    assert.deepEqual(
      (await files.list()).map(({ name, size }) => [name, size]),
      [['a', 6]],
    );
    await files.rename('a', 'b');
    await files.syncFolder();
    await files.unlink('b');
    assert.deepEqual(await files.list(), []);
    await folder.close();
  });
});

describe('the lock of a folder', () => {
  it('is for one at a time, and leaves one file', async () => {
    const path = fresh();
    mkdirSync(path);
    const first = await Lock.take(path);
    assert.ok(first);
    assert.equal(await Lock.take(path), undefined);
    assert.equal(await Lock.take(path), undefined);
    first.release();
    const second = await Lock.take(path);
    assert.ok(second);
    assert.equal(await Lock.take(path), undefined);
    assert.deepEqual(readdirSync(path), ['lock.2']);
    assert.equal(statSync(join(path, 'lock.2')).mode & 0o777, 0o600);
    second.release();
  });

  it('is taken over by one of many when its process was killed', async () => {
    const path = fresh();
    mkdirSync(path);
    const child = fork(new URL('lock-holder.ts', import.meta.url), [path]);
    const [taken] = await once(child, 'message');
    assert.equal(taken, true);
    assert.equal(await Lock.take(path), undefined);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const all = await Promise.all(Array.from({ length: 8 }, () => Lock.take(path)));
    const taker = all.filter((lock) => lock !== undefined);
    assert.equal(taker.length, 1);
    assert.deepEqual(readdirSync(path), ['lock.2']);
    taker[0]!.release();
  });
});
