// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { spool } from '../../../src/doctor/spool.ts';
import { currentOwner } from '../../../src/spool/folder.ts';
import { recordHeader, segmentHeader } from '../../../src/spool/format.ts';
import { Lock } from '../../../src/spool/lock.ts';
import { segmentName } from '../../../src/spool/segment-store.ts';
import { temporaryFolder } from '../fixtures.ts';

const DAY_MS = 86_400_000;
const PAYLOAD = Buffer.from('request');

const wish = (path: string, change = {}) => ({
  path,
  bytes: 65_536,
  ageMs: 7 * DAY_MS,
  owner: currentOwner(),
  ...change,
});

/** A folder with a segment of 7 spans, which were made so long ago. */
function filled(t: TestContext, ageMs = 0): string {
  const path = temporaryFolder(t)('spool');
  mkdirSync(path, 0o700);
  const header = recordHeader(PAYLOAD, { spans: 7, unixMs: Date.now() - ageMs }, 5);
  writeFileSync(`${path}/${segmentName(1)}`, Buffer.concat([segmentHeader(1, 5), header, PAYLOAD]));
  return path;
}

describe('spool', () => {
  it('none configured, and one that is not there yet: nothing is made', async (t) => {
    assert.deepEqual(await spool(undefined), { status: 'ok', why: 'none is configured: spans wait in memory.' });
    const path = temporaryFolder(t)('new');
    const found = await spool(wish(path));
    assert.match(found.why, /new is not there yet, and will be made; /);
    assert.equal(existsSync(path), false);
  });

  it('what waits, since when, and whether an agent uses it', async (t) => {
    const path = filled(t);
    const { why } = await spool(wish(path));
    assert.match(
      why,
      /^7 spans wait in \S+, the oldest since 20\S+Z; no agent uses it now; .*\d+ MB are free, and it may hold 0 MB/,
    );
    const lock = await Lock.take(path);
    assert.match((await spool(wish(path))).why, /; an agent uses it;/);
    lock!.release();
  });

  it('too old, damaged, set aside: what to do', async (t) => {
    const path = filled(t, 8 * DAY_MS);
    copyFileSync(`${path}/${segmentName(1)}`, `${path}/${segmentName(2)}`);
    copyFileSync(`${path}/${segmentName(1)}`, `${path}/${segmentName(3)}.bad`);
    const found = await spool(wish(path));
    assert.ok(found.status === 'warn');
    assert.match(
      found.why,
      /some are older than --spool-age; damaged: 00000000000002\.spool; set aside as damaged: 00000000000003\.spool\.bad;/,
    );
    assert.match(found.todo, /Raise --spool-age.* Check the disk\. .*\*\.bad/);
  });

  it('less space than --spool-size; memory instead of a disk', async (t) => {
    const large = await spool(wish(filled(t), { bytes: 2 ** 60 }));
    assert.ok(large.status === 'warn');
    assert.match(large.todo, /Make room, or lower --spool-size/);
    const memory = await spool(wish('/dev/shm/compactstall-none'));
    assert.ok(memory.status === 'warn');
    assert.match(memory.why, /it is on tmpfs: memory: what is there is gone when the host ends/);
  });

  it('what run would refuse, with its words and its code', async (t) => {
    const folder = temporaryFolder(t);
    const path = filled(t);
    const cases: [string, RegExp, object?][] = [
      [
        path,
        /it belongs to user \d+, and the agent runs as user 12345; choose another folder\.$/,
        { owner: { uid: 12345, gid: 12345 } },
      ],
      [folder('none', 'spool'), /no such file or directory\.$/],
      ['/proc/version', /not a directory\.$/],
    ];
    mkdirSync(folder('open'));
    chmodSync(folder('open'), 0o777);
    symlinkSync(path, folder('open', 'link'));
    cases.push(
      [folder('open'), /others may write there \(mode 0777\)/],
      [folder('open', 'link'), /symbolic link in a folder/],
    );
    for (const [wrong, why, change] of cases) {
      const found = await spool(wish(wrong, change));
      // Somebody who is not root may also start the agent as who they are.
      if (change !== undefined && process.geteuid!() !== 0) continue;
      assert.ok(found.status === 'fail', wrong);
      assert.match(found.why, /^cannot use the spool /);
      assert.match(found.why, why);
      assert.equal(found.exitCode, 1);
    }
  });
});
