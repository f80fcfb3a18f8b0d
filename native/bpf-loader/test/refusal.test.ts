// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bpfRefusal, perfEventOpenRefusal } from '../src/index.ts';

// Under a filter they are shown by test/quick/refused-bpf.test.ts.
it('calls that reach the kernel are not refused, whatever it thinks of their arguments', () => {
  assert.equal(bpfRefusal(), undefined);
  assert.equal(perfEventOpenRefusal(), undefined);
});
