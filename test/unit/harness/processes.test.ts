// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { descriptorsOf, ofEach } from '../../../harness/processes.ts';

it('a descriptor that is closed while they are read is left out', () => {
  // One of this process is: that with which the folder is listed.
  const descriptors = descriptorsOf(process.pid);
  assert.match(descriptors.get(`/proc/${process.pid}/fdinfo/0`)!, /^flags:/m);
});

it('an entry that cannot be read for another reason is not', () => {
  assert.throws(() => ofEach('/proc/self', (path) => readFileSync(`${path}/`)), { code: 'ENOTDIR' });
});
