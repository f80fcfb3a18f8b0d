// SPDX-License-Identifier: Apache-2.0
// The dashboard for Grafana and the alerts, asked of a real Prometheus that has the stalls, losses and memory pressure of this host.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { Child, freePorts, waitUntil } from '../../harness/child.ts';
import { Fragment } from '../../harness/programs/fragment/fragment.ts';
import { CONFIGS, ensureBackends, type Prometheus, startPrometheus } from '../../harness/receivers/receivers.ts';
import { makeHostSmall } from '../../harness/small-host.ts';
import { Agent } from '../support/agent.ts';

const NODE_EXPORTER = fileURLToPath(new URL('../../harness/receivers/node-exporter.sh', import.meta.url));
const RULES = `${CONFIGS}prometheus-rules.yml`;
/** Rates need two samples. */
const SAMPLES_MS = 4000;
const STALLS = 20;
const DEADLINE_MS = 60_000;

interface Panel {
  title: string;
  targets?: { expr: string; refId: string }[];
}

const { panels, templating } = JSON.parse(readFileSync(`${CONFIGS}grafana/compactstall.json`, 'utf8')) as {
  panels: Panel[];
  templating: { list: { name: string; definition?: string }[] };
};
const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] };
const rules = groups.flatMap(({ rules }) => rules);
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr, refId }) => ({ title, expr, refId })));

/** As Grafana does it, for all agents and the last minutes. */
const fillIn = (expression: string) =>
  expression.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '10m').replaceAll('"$instance"', '".*"');

describe('the rules', () => {
  let promtool: string;
  before(async () => {
    promtool = join(dirname((await ensureBackends('prometheus')).prometheus), 'promtool');
  });

  it('are valid for promtool, which finds nothing to improve', () => {
    const said = execFileSync(promtool, ['check', 'rules', '--lint-fatal', RULES], { encoding: 'utf8' });
    assert.match(said, /SUCCESS: \d+ rules found/);
  });

  it('fire when they should, and not otherwise', () => {
    execFileSync(promtool, ['test', 'rules', `${CONFIGS}prometheus-rules.test.yml`], { encoding: 'utf8' });
  });

  it('each has a test in which it fires', () => {
    const tests = readFileSync(`${CONFIGS}prometheus-rules.test.yml`, 'utf8');
    for (const { alert } of rules)
      assert.match(tests, new RegExp(`alertname: ${alert}\\n.*\\n +exp_alerts:\\n`), alert);
  });
});

describe('Prometheus, with the stalls of this host', () => {
  let scraped: Prometheus;
  let received: Prometheus;
  let exporter: Child;
  let agent: Agent;
  let putBack: () => Promise<void>;

  before(async () => {
    putBack = makeHostSmall();
    const [agentPort, nodePort] = (await freePorts(2)) as [number, number];
    const program = execFileSync(NODE_EXPORTER, { encoding: 'utf8' }).trim();
    exporter = new Child('node-exporter', program, [
      `--web.listen-address=127.0.0.1:${nodePort}`,
      '--collector.disable-defaults',
      '--collector.pressure',
    ]);
    scraped = await startPrometheus({ scrapedPort: agentPort, nodePort });
    received = await startPrometheus({ nodePort });
    // The collector is away.
    agent = await new Agent(['--ring-size', '4096', '--min-duration', '10us', '--output', 'json', '--output', 'otlp'], {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
        OTEL_METRICS_EXPORTER: 'prometheus,otlp',
        OTEL_EXPORTER_PROMETHEUS_PORT: `${agentPort}`,
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: received.metricsEndpoint,
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/protobuf',
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
      },
    }).attached();
    // The first samples are from before the stalls.
    await sleep(SAMPLES_MS);
    const fragment = new Fragment('-r', '0');
    await agent.until(() => agent.events().filter(({ trigger }) => trigger === 'direct').length >= STALLS);
    // The sums of a cgroup appear with its first stall, so a rate begins with the second sample.
    await sleep(SAMPLES_MS);
    // What a ring of one page has no room for is lost.
    process.kill(agent.pid, 'SIGSTOP');
    await sleep(SAMPLES_MS / 2);
    process.kill(agent.pid, 'SIGCONT');
    await fragment.stop();
    await sleep(SAMPLES_MS);
  });

  after(async () => {
    await putBack();
    await agent.stop();
    await scraped.stop();
    await received.stop();
    // It has no way to end well.
    await exporter.kill();
  });

  const prometheus = { 'scrapes the agent': () => scraped, 'receives over OTLP': () => received };
  for (const [how, server] of Object.entries(prometheus)) {
    describe(how, () => {
      for (const { title, expr, refId } of queries) {
        it(`the panel "${title}" has values (${refId})`, async () => {
          const rows = await server().query(fillIn(expr));
          const numbers = rows.map(({ value, histogram }) => Number(value?.[1] ?? histogram?.[1].count));
          assert.ok(numbers.some(Number.isFinite), `${expr}: ${JSON.stringify(rows)}`);
        });
      }

      it('the panel "Lost" has what the books have lost', async () => {
        const { expr } = queries.find(({ title }) => title === 'Lost')!;
        const [lost] = await server().query(fillIn(expr));
        assert.ok(Number(lost!.value![1]) > 0, JSON.stringify(lost));
      });

      for (const { alert, expr } of rules) {
        it(`the alert ${alert} has what it compares`, async () => {
          const expression = expr.replace(/ (>|==) [\d.]+/g, '').replace(/\[\d+m\]/g, '[1m]');
          const rows = await server().query(expression);
          assert.ok(rows.length > 0, expression);
        });
      }

      it('alerts on the losses', async () => {
        let names: string[] = [];
        await waitUntil(
          async () => {
            names = (await server().alerts()).map(({ labels }) => labels.alertname!);
            return names.includes('CompactstallLosesCompactions') || undefined;
          },
          DEADLINE_MS,
          () => `there are ${names.join(', ') || 'no alerts'}`,
        );
      });
    });
  }

  it('the variable for agents asks for a metric that is there', async () => {
    const [, metric] = /^label_values\((\w+), instance\)$/.exec(
      templating.list.find(({ name }) => name === 'instance')!.definition!,
    )!;
    for (const server of [scraped, received]) assert.equal((await server.query(metric!)).length, 1);
  });
});
