// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Correlations } from '../../src/correlate/correlations.ts';
import { spansIn } from '../../src/correlate/otlp-json.ts';
import { event } from '../unit/fixtures.ts';
import { mutatedJson } from './arbitraries.ts';
import { property, refusing } from './property.ts';

const isOwn = (error: Error) =>
  error.constructor === Error && /expected /.test(error.message) && error.message.length < 200;

const stall = event(0, { pid: 500 });
const attribute = (key: string, value: object) => ({ key, value });
const REQUEST = {
  resourceSpans: [
    {
      resource: {
        attributes: [
          attribute('service.name', { stringValue: 'checkout' }),
          attribute('process.pid', { intValue: '500' }),
          attribute('host.name', { stringValue: 'vm' }),
        ],
      },
      scopeSpans: [
        {
          scope: { name: 'http' },
          spans: [
            {
              traceId: 'ab'.repeat(16),
              spanId: 'cd'.repeat(8),
              name: 'GET /',
              startTimeUnixNano: stall.startUnixNano,
              endTimeUnixNano: `${BigInt(stall.startUnixNano) + 1000n}`,
              attributes: [attribute('thread.id', { intValue: 500 })],
            },
          ],
        },
      ],
    },
  ],
};

/** What is read can be correlated, and is never stalled for longer than it took. */
function assertCorrelates(request: unknown): void {
  const spans = refusing(() => spansIn(request), isOwn);
  if (spans === undefined) return;
  const all = new Correlations(5);
  all.addEvents([stall]);
  all.choose('vm');
  for (const span of spans) all.addSpan(span);
  for (const { span, stalledNano, inProcessNano } of all.longest()) {
    assert.ok(stalledNano <= inProcessNano && BigInt(inProcessNano) <= span.to - span.from);
  }
}

property(
  'a request is spans, or an error that says what was expected',
  mutatedJson(fc.constant(REQUEST)),
  assertCorrelates,
);

property('so is any JSON', fc.jsonValue(), assertCorrelates);
