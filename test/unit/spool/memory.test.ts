// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsFor } from '../../../src/spool/limits.ts';
import { Spool } from '../../../src/spool/spool.ts';
import { CrashFiles } from './crash-files.ts';

const spoolIn = (files: CrashFiles<never>, memoryBytes: number) =>
  new Spool({
    files,
    limits: { ...limitsFor(1e9, 1e15), memoryBytes, syncMs: 1e8, noteMs: 1e8, retryMs: 1e8 },
    events: { recovered() {}, dropped() {}, damaged() {}, failing() {}, works() {} },
    newSalt: () => 1,
  });
const request = () => ({ bytes: Buffer.alloc(100, 1), spans: 2 });

test('the bytes of a request may be freed once it is written, if they are its own', async () => {
  const files = new CrashFiles<never>();
  const spool = spoolIn(files, 1e9);
  await spool.open();
  spool.push(request());
  const first = (await spool.next())!;
  spool.settled(first);
  assert.equal(spool.isDoneWith(first), false, 'it is still being written');
  spool.push(request());
  await spool.commit();
  const second = (await spool.next())!;
  assert.equal(spool.isDoneWith(second), true);
  assert.equal(spool.isDoneWith({ ...second, bytes: Buffer.alloc(50) }), true, 'a part of it');
  await spool.close();
  const next = spoolIn(files, 1e9);
  await next.open();
  assert.equal(next.isDoneWith((await next.next())!), false, 'it shares the bytes of its segment');
  await next.close();
});
