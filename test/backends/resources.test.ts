// SPDX-License-Identifier: Apache-2.0
// The resources, in a real collector, of the spans of several services that stall at the same time.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { startCollector } from '../../harness/receivers/receivers.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { Publisher } from '../support/publisher.ts';
import { attribute, context, text } from '../unit/prober/service/payload.ts';

const ROUNDS = 7;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const DEADLINE_MS = 60_000;

/** The attributes of the service, not of the host. */
const ofService = ({ resource }: ReceivedSpan) =>
  Object.fromEntries(Object.entries(resource).filter(([name]) => !/^(host|os)\.|^container\.id$/.test(name)));
const groups = (spans: readonly ReceivedSpan[]) => new Set(spans.map(({ resource }) => resource)).size;

describe('several services', () => {
  const publishers: Publisher[] = [];
  let directory: string;
  let events: CompactionEvent[];
  let received: readonly ReceivedSpan[];

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'compactstall-'));
    const collector = await startCollector({ spansFile: join(directory, 'live.jsonl') });
    // All spans are sent at the end, in one request.
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '60000' };
    const agent = await new Agent(['--output', 'json'], { env }).attached();
    // Two processes of one service, one of them by its environment, and a process of another service.
    publishers.push(
      new Publisher('memfd'),
      new Publisher('memfd', { OTEL_SERVICE_NAME: 'shop', OTEL_RESOURCE_ATTRIBUTES: 'service.version=1' }),
      new Publisher('memfd', { OTEL_SERVICE_NAME: 'till' }),
    );
    const said = context(attribute('service.version', text('1')), attribute('service.name', text('shop')));
    await publishers[0]!.publish(said);
    for (let i = 0; i < ROUNDS; i++) for (const publisher of publishers) await publisher.stall(COMPACT_NODE0);
    const own = () => agent.events().filter(({ pid }) => publishers.some((one) => one.pid === pid));
    await agent.until(() => own().length >= ROUNDS * publishers.length * ZONES);
    for (const publisher of publishers) await publisher.end();
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    events = own();
    received = await ownSpans(collector);
    await collector.stop();
  });
  after(() => rmSync(directory, { recursive: true }));

  async function ownSpans(collector: Awaited<ReturnType<typeof startCollector>>): Promise<ReceivedSpan[]> {
    const wanted = new Set(events.map(({ spanId }) => spanId));
    const spans = await collector.waitForSpans(events.length, DEADLINE_MS);
    return spans.filter(({ span }) => wanted.has(span.spanId));
  }

  const replayed = async (file: string, ...args: string[]) => {
    const collector = await startCollector({ spansFile: join(directory, `${file}-spans.jsonl`) });
    const recording = join(directory, file);
    writeFileSync(recording, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const { code, stderr } = await runToEnd(['replay', recording, '--output', 'none', ...args], { env });
    assert.equal(code, 0, stderr);
    const spans = await ownSpans(collector);
    await collector.stop();
    return spans;
  };

  const check = (spans: readonly ReceivedSpan[]) => {
    assert.equal(spans.length, ROUNDS * publishers.length * ZONES);
    for (const span of spans) {
      const number = publishers.findIndex(({ pid }) => pid === span.attributes['process.pid']);
      const shop = { 'service.name': 'shop', 'service.version': '1' };
      assert.deepEqual(ofService(span), number < 2 ? shop : { 'service.name': 'till' });
      assert.equal(span.resource['host.name'], hostname());
      assert.equal(span.resource['os.type'], 'linux');
    }
  };

  it('each span is under its service, with one ResourceSpans for each', () => {
    check(received);
    assert.equal(groups(received), 2);
  });

  it('a replay gives the same', async () => {
    const spans = await replayed('same');
    check(spans);
    assert.equal(groups(spans), 2);
  });

  it('--resource host: all spans under the host’s resource', async () => {
    const spans = await replayed('host', '--resource', 'host');
    assert.equal(spans.length, events.length);
    for (const { resource } of spans) assert.equal(resource['service.name'], 'compactstall');
    assert.equal(groups(spans), 1);
  });
});
