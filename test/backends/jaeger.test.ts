// SPDX-License-Identifier: Apache-2.0
// The first span, as a user finds it in Jaeger.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { startJaeger, tags } from '../../harness/receivers/receivers.ts';
import { Agent, parseLines } from '../support/agent.ts';

const DEADLINE_MS = 60_000;

it('spans are found by service, operation, duration and tag, with their stack as a log', async () => {
  const zones = populatedZones().filter(({ node }) => node === 0).length;
  const jaeger = await startJaeger();
  const agent = await new Agent(['--output', 'json', '--pid', String(process.pid)], {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.endpoint },
  }).attached();
  compact(COMPACT_NODE0, 3);
  const { code, stdout, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  const events = parseLines(stdout);
  assert.equal(events.length, 3 * zones);

  // This process stalls.
  const service = `unknown_service:${basename(process.execPath)}`;
  const all = { service, operation: 'compaction manual', tags: { 'compaction.order': -1 } };
  const traces = await jaeger.waitForTraces(all, events.length, DEADLINE_MS);
  assert.deepEqual(traces.map(({ traceID }) => traceID).sort(), events.map(({ traceId }) => traceId).sort());

  const longest = events.reduce((a, b) => (a.durationNano > b.durationNano ? a : b));
  const micros = Math.floor(longest.durationNano / 1000);
  const slow = await jaeger.traces({ ...all, minDuration: `${micros}us` });
  assert.deepEqual(
    slow.map(({ traceID }) => traceID).sort(),
    events
      .filter(({ durationNano }) => durationNano >= micros * 1000)
      .map(({ traceId }) => traceId)
      .sort(),
  );
  const span = slow.flatMap(({ spans }) => spans).find(({ spanID }) => spanID === longest.spanId)!;
  assert.equal(span.operationName, 'compaction manual');
  assert.equal(tags(span.tags)['compaction.zone'], longest.zone);
  assert.equal(span.logs.length, 1);
  const log = tags(span.logs[0]!.fields);
  assert.equal(log.event, 'kernel.stack');
  assert.equal(log['code.stacktrace'], longest.stack.join('\n'));

  assert.deepEqual(await jaeger.traces({ ...all, tags: { 'compaction.order': 9 } }), []);
  assert.deepEqual(await jaeger.traces({ ...all, operation: 'compaction direct' }), []);
  assert.ok((await jaeger.services()).includes(service));
  await jaeger.stop();
});
