// SPDX-License-Identifier: Apache-2.0
// Metrics as Prometheus reads them, once the agent has given up its privileges: they have every compaction.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPACT_MEMORY, compact, populatedZones } from '../../harness/host.ts';
import { Agent } from '../support/agent.ts';
import { OK, startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';

const WRITES = 7;
const ALL = WRITES * populatedZones().length;

const agentWith = async (args: readonly string[], variables: NodeJS.ProcessEnv = {}) => {
  const env = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0', ...variables };
  const agent = new Agent(args, { env });
  await agent.until(() => /metrics are at http:\S+/.test(agent.stderr));
  const url = /metrics are at (http:\S+)/.exec(agent.stderr)![1]!;
  const probe = async (path: string) => {
    const response = await fetch(url.replace('/metrics', path));
    return `${response.status} ${(await response.text()).trim()}`;
  };
  return { agent, scrape: async () => (await fetch(url)).text(), probe };
};

/** The sum of a metric's points. */
const total = (text: string, name: string, labels = '') =>
  [...text.matchAll(new RegExp(`^${name}(?:\\{${labels}.*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
const PAIRED = 'compaction_books_account="paired",compaction_books_term="total"';

describe(`${WRITES} writes to ${COMPACT_MEMORY}, with metrics`, () => {
  it('all are in them, with their durations and pages', async () => {
    const { agent, scrape } = await agentWith(['--output', 'json']);
    compact(COMPACT_MEMORY, WRITES);
    await agent.until(() => agent.events().length >= ALL);
    const text = await scrape();
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const events = agent.events();
    assert.equal(total(text, 'compaction_duration_seconds_count'), events.length);
    const nanos = events.reduce((sum, { durationNano }) => sum + durationNano, 0);
    assert.equal(Math.round(total(text, 'compaction_duration_seconds_sum') * 1e9), nanos);
    const pages = events.reduce((sum, { scanned }) => sum + scanned.migrate + scanned.free, 0);
    assert.equal(total(text, 'compaction_pages_scanned_total'), pages);
    assert.equal(total(text, 'compaction_books_counted_total', PAIRED), events.length);
    assert.ok(total(text, 'process_memory_usage_bytes') > 1e6);
    assert.ok(total(text, 'compaction_zone_free_blocks') > 0);
  });

  it('also those that a filter leaves out of the records', async () => {
    const { agent, scrape } = await agentWith(['--output', 'json', '--trigger', 'proactive']);
    compact(COMPACT_MEMORY, WRITES);
    const text = await scrape();
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.ok(total(text, 'compaction_duration_seconds_count', 'compaction_trigger="manual"') >= ALL, text);
    assert.equal(agent.events().filter(({ trigger }) => trigger === 'manual').length, 0);
  });
});

describe('health', () => {
  it('is asked beside the metrics: ready means that what is seen can be delivered', async (t) => {
    let takes = false;
    const collector = await startGrpcServer(t, () => (takes ? OK : { code: 14, details: 'not now' }));
    const endpoint = `http://127.0.0.1:${collector.port}`;
    const { agent, probe } = await agentWith(['--output', 'none'], { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    t.after(() => agent.stop());
    assert.deepEqual([await probe('/healthz'), await probe('/readyz')], ['200 ok', '200 ok']);
    compact(COMPACT_MEMORY, 1);
    await agent.until(() => agent.stderr.includes('does not accept spans now'));
    assert.deepEqual([await probe('/healthz'), await probe('/readyz')], ['200 ok', '503 failing']);
    takes = true;
    await agent.until(() => agent.stderr.includes('answers again'));
    assert.deepEqual([await probe('/healthz'), await probe('/readyz')], ['200 ok', '200 ok']);
  });
});
