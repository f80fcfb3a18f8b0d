// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextsIn, findContexts } from '../../../../src/prober/service/context-mappings.ts';
import { parseMaps } from '../../../../src/procfs/maps.ts';

describe('mappings that may have a process context', () => {
  it('the name of a mapping cannot forge another one', () => {
    const maps = '1000-2000 r-xp 00000000 00:31 5   /x\\0121000-2000 r--p 00000000 00:00 0 [anon:OTEL_CTX]\n';
    assert.deepEqual(contextsIn(parseMaps(maps)!), []);
  });

  it('the search ends after four of that name', () => {
    const line = '00010000-00011000 r--p 00000000 00:01 5      /memfd:OTEL_CTX (deleted)\n';
    assert.equal(contextsIn(parseMaps(line.repeat(5000))!).length, 4);
  });

  it('none in a process that has ended', () => assert.deepEqual(findContexts('/nonexistent'), []));
});
