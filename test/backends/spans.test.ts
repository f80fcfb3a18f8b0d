// SPDX-License-Identifier: Apache-2.0
// The agent's spans, as written by a real collector.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, parseLines, runToEnd } from '../support/agent.ts';
import { assertSpans } from '../support/spans.ts';

const WRITES = 23;
const DEADLINE_MS = 60_000;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

describe('the real collector', () => {
  let directory: string;
  let collector: Collector;
  let files = 0;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'compactstall-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const start = async () => {
    files += 1;
    collector = await startCollector({ spansFile: join(directory, `spans-${files}.jsonl`) });
    return collector;
  };
  const environment = (endpoint: string, more: NodeJS.ProcessEnv = {}) => ({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more },
  });
  const own = ['--output', 'json', '--pid', String(process.pid)];

  it(`${WRITES} writes: a span for each event, with every attribute of the right type and value`, async () => {
    await start();
    const agent = await new Agent(own, environment(collector.endpoint)).attached();
    compact(COMPACT_NODE0, WRITES);
    const { code, stdout, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const events = parseLines(stdout);
    assert.equal(events.length, WRITES * ZONES);
    assertSpans(await collector.waitForSpans(events.length, DEADLINE_MS), events);
    for (const { resource } of collector.spans()) {
      assert.equal(resource['service.name'], `unknown_service:${basename(process.execPath)}`);
      assert.equal(resource['host.name'], hostname());
      assert.equal(resource['os.type'], 'linux');
    }
    assert.match(stderr, new RegExp(`decoded +${events.length} = ${events.length} exported by otlp`));
    await collector.stop();
  });

  it('over http/protobuf, with the resource of the host: the same', async () => {
    await start();
    const agent = await new Agent(
      [...own, '--resource', 'host'],
      environment(collector.httpEndpoint, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_SERVICE_NAME: 'named' }),
    ).attached();
    compact(COMPACT_NODE0, 3);
    const { code, stdout, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const events = parseLines(stdout);
    assert.equal(events.length, 3 * ZONES);
    assertSpans(await collector.waitForSpans(events.length, DEADLINE_MS), events);
    for (const { resource } of collector.spans()) assert.equal(resource['service.name'], 'named');
    await collector.stop();
  });

  it('stopped and started in the middle: still all spans, none twice', async () => {
    await start();
    const agent = await new Agent(own, environment(collector.endpoint)).attached();
    compact(COMPACT_NODE0, 5);
    await collector.waitForSpans(5 * ZONES, DEADLINE_MS);
    await collector.stop();
    compact(COMPACT_NODE0, 5);
    await agent.until(() => /does not answer|retry/i.test(agent.stderr));
    compact(COMPACT_NODE0, 5);
    collector = await startCollector(collector);
    await collector.waitForSpans(15 * ZONES, DEADLINE_MS);
    compact(COMPACT_NODE0, 5);
    const { code, stdout, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const events = parseLines(stdout);
    assert.equal(events.length, 20 * ZONES);
    assertSpans(await collector.waitForSpans(events.length, DEADLINE_MS), events);
    await collector.stop();
  });

  it('a replay gives the same spans, also of a direct compaction in a container', async () => {
    await start();
    const agent = await new Agent(own).attached();
    compact(COMPACT_NODE0, 1);
    const [manual] = parseLines((await agent.stop()).stdout);
    // test/kernel/triggers.test.ts has direct compactions; this test is about their fields.
    const direct = (index: number, order: number): CompactionEvent => ({
      ...manual!,
      trigger: 'direct',
      order,
      mode: 'async',
      priority: 'async',
      attempt: '24380-123',
      container: '0123456789abcdef'.repeat(4),
      gfp: ['GFP_TRANSHUGE', '__GFP_COMP'],
      begin: { ...manual!.begin, index },
      end: { ...manual!.end, index: -1 },
      spanId: `00000000000000${(order * 16 + 10).toString(16).padStart(2, '0')}`,
    });
    const events = [manual!, direct(0.728, 9), direct(0, 3), direct(1, 4)];
    const file = join(directory, 'recording.jsonl');
    writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const { code, stderr } = await runToEnd(['replay', file, '--output', 'none'], environment(collector.endpoint));
    assert.equal(code, 0, stderr);
    assertSpans(await collector.waitForSpans(events.length, DEADLINE_MS), events);
    await collector.stop();
  });

  it('--stack attribute: the stack is on the span, and there are no events', async () => {
    await start();
    const agent = await new Agent([...own, '--stack', 'attribute'], environment(collector.endpoint)).attached();
    compact(COMPACT_NODE0, 1);
    const events = parseLines((await agent.stop()).stdout);
    const spans = await collector.waitForSpans(ZONES, DEADLINE_MS);
    for (const { attributes, events: logs } of spans) {
      assert.equal(attributes['code.stacktrace'], events[0]!.stack.join('\n'));
      assert.deepEqual(logs, []);
    }
    await collector.stop();
  });
});
