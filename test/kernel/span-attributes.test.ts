// SPDX-License-Identifier: Apache-2.0
// Attributes that an application publishes with its spans, named by its process context. The stall has them, too.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import { Agent } from '../support/agent.ts';
import { assertNothingLost } from '../support/books.ts';
import { Publisher } from '../support/publisher.ts';
import { spanOf } from '../support/stalls.ts';
import { record } from '../support/thread-record.ts';
import { threadContexts } from '../unit/prober/service/payload.ts';

const SPAN = spanOf(1, 1);
const ROOT = 'datadog.local_root_span_id';
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
/** As many bytes of a record's attributes as the kernel copies. */
const MOST = 128;

it('attributes of a span are those of its stalls', async (t) => {
  const agent = await new Agent(['--output', 'json', '--verify'], { books: true }).attached();
  const publisher = new Publisher('memfd', {}, 'context-thread');
  t.after(() => publisher.end());
  await publisher.publish(threadContexts(ROOT, 'http.route'));
  const own = () => agent.events().filter(({ pid }) => pid === publisher.pid);
  const stall = async (attributes: Parameters<typeof record>[1]) => {
    await publisher.span(record(SPAN, attributes));
    const before = own().length;
    await publisher.stall(COMPACT_NODE0);
    await agent.until(() => own().length === before + ZONES);
    return own()
      .slice(before)
      .map(({ context }) => context?.attributes);
  };
  const all = (attributes: unknown) => Array(ZONES).fill(attributes);

  const root = [0, '00f067aa0ba902b7'] as const;
  while ((await stall([root])).at(-1) === undefined);
  const named = { [ROOT]: root[1] };
  assert.deepEqual(await stall([root]), all(named));
  assert.deepEqual(await stall([root, [1, '/shop']]), all({ ...named, 'http.route': '/shop' }));
  assert.deepEqual(await stall([]), all(undefined));
  assert.deepEqual(await stall([[2, 'nameless'], root]), all(named));
  const fits = MOST - 18 - 2;
  assert.deepEqual(await stall([root, [1, 'r'.repeat(fits)]]), all({ ...named, 'http.route': 'r'.repeat(fits) }));
  assert.deepEqual(await stall([root, [1, 'r'.repeat(fits + 1)]]), all(named), 'longer than is copied');

  assertNothingLost(await agent.stop());
});
