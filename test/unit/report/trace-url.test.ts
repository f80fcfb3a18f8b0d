// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { traceUrl, traceUrlFault } from '../../../src/report/trace-url.ts';
import { event } from '../fixtures.ts';

describe('the address of a trace', () => {
  it('has the ids and times of the stall', () => {
    const stall = event(0, { startUnixNano: '1700000000123456789', durationNano: 2_000_000 });
    assert.equal(
      traceUrl('http://localhost:16686/trace/{traceId}?uiFind={spanId}&from={startMs}&to={endMs}', stall),
      `http://localhost:16686/trace/${stall.traceId}?uiFind=${stall.spanId}&from=1700000000123&to=1700000000126`,
    );
  });

  it('is of http or https, with the id of a trace, and has only names that are known', () => {
    assert.equal(traceUrlFault('https://tempo.example/{traceId}'), undefined);
    assert.equal(traceUrlFault('https://tempo.example/{traceId}/{spam}'), 'there is no {spam}');
    for (const name of ['constructor', '__proto__'])
      assert.equal(traceUrlFault(`https://tempo.example/{traceId}/{${name}}`), `there is no {${name}}`);
    assert.equal(traceUrlFault('https://tempo.example/'), 'there is no {traceId} in it');
    for (const other of ['javascript:alert({traceId})', 'data:text/html,{traceId}', 'trace/{traceId}', '{traceId}']) {
      assert.equal(traceUrlFault(other), 'it is not an http or https address', other);
    }
  });
});
