// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { spansIn } from '../../../src/correlate/otlp-json.ts';

const SPAN = {
  traceId: 'AB'.repeat(16),
  spanId: 'cd'.repeat(8),
  name: 'GET /',
  startTimeUnixNano: '1795441812325118373',
  endTimeUnixNano: '1795441812325118473',
};
const requestOf = (span: object, attributes: object[] = [], scope = 'http') => ({
  resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: scope }, spans: [span] }] }],
});
const pid = (intValue: unknown) => ({ key: 'process.pid', value: { intValue } });

it('a span has what its resource and itself say', () => {
  const attributes = [pid('500'), { key: 'host.name', value: { stringValue: 'vm' } }];
  const own = [{ key: 'thread.id', value: { intValue: 7 } }];
  assert.deepEqual(spansIn(requestOf({ ...SPAN, attributes: own }, attributes)), [
    {
      ...{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name: 'GET /', service: 'unknown_service' },
      ...{ from: 1795441812325118373n, to: 1795441812325118473n, pid: 500, hostName: 'vm', threadId: 7 },
    },
  ]);
});

it("ids in base64 and names in snake case are read, as protobuf's JSON has them", () => {
  const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
  const { traceId, spanId } = SPAN;
  const span = {
    ...{ trace_id: base64(traceId), span_id: base64(spanId) },
    ...{ start_time_unix_nano: SPAN.startTimeUnixNano, end_time_unix_nano: SPAN.endTimeUnixNano },
  };
  const request = { resource_spans: [{ scope_spans: [{ spans: [span] }] }] };
  assert.equal(spansIn(request)[0]!.traceId, traceId.toLowerCase());
});

it('compactions are no spans of applications', () => {
  assert.deepEqual(spansIn(requestOf(SPAN, [], 'compactstall')), []);
});

it('a span ends no sooner than it begins', () => {
  const [span] = spansIn(requestOf({ ...SPAN, endTimeUnixNano: '5' }));
  assert.equal(span!.to, span!.from);
});

it('what is no number of a process is none', () => {
  for (const intValue of [{ toString: 1, valueOf: 1 }, '', 'x', 1.5, null, [7], true]) {
    assert.equal(spansIn(requestOf(SPAN, [pid(intValue)]))[0]!.pid, undefined, JSON.stringify(intValue));
  }
});

it('what is expected is said', () => {
  const cases: [unknown, RegExp][] = [
    [7, /^expected an object with resourceSpans$/],
    [{ resourceSpans: 7 }, /^resourceSpans: expected a list of objects$/],
    [requestOf({ ...SPAN, traceId: 'x' }), /^traceId: expected 32 hexadecimal digits$/],
    [requestOf({ ...SPAN, startTimeUnixNano: -1 }), /^startTimeUnixNano: expected nanoseconds since the epoch$/],
  ];
  for (const [request, expected] of cases) assert.throws(() => spansIn(request), { message: expected });
});
