// SPDX-License-Identifier: Apache-2.0
// Everything that works without the privileges, as the README promises, and everything that does not.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { BpfError, BpfObject, enableRunTimeStats } from '../../src/index.ts';
import { calls, counters, lengths, loadCounter, testObject, until } from '../support.ts';

const object = loadCounter();
object.attach();
const ring = object.ringBuffer('ring', () => {
  lengths(ring.drain()!, 0);
  assert.deepEqual(counters(object), { calls: 7, sent: 7, ringFull: 0, wakeUps: 1 });
  assert.equal(ring.pendingBytes, 0);
  assert.equal(object.readMap('table').length, 0);
  object.detach();
  object.close();
  for (const work of [() => BpfObject.load({ object: testObject, programs: ['by_btf'] }), enableRunTimeStats]) {
    assert.throws(work, (error) => {
      assert.ok(error instanceof BpfError);
      console.log(`${error.code} ${error.errno} ${error.message}`);
      return true;
    });
  }
});
// It changes its user like all threads; otherwise libc ends the process.
await until('the thread of the ring waits for records', () =>
  readdirSync('/proc/self/task').some((tid) =>
    /\(bpf-ring\) S/.test(readFileSync(`/proc/self/task/${tid}/stat`, 'latin1')),
  ),
);
process.setgroups!([]);
process.setgid!(65534);
process.setuid!(65534);
object.writeVariable('armed', 1);
calls(7);
