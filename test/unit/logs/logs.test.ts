// SPDX-License-Identifier: Apache-2.0
// Log records that do not arrive disturb nothing; the agent's messages are then on standard error only. By the built commands.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Messages } from '../../../src/cli/messages.ts';
import { AgentLogs } from '../../../src/logs/agent-logs.ts';
import { type Message, message } from '../../../src/messages/message.ts';
import { runToEnd } from '../../support/agent.ts';
import { listen } from '../../support/listen.ts';
import { fixture } from '../fixtures.ts';

const RECORDING = fileURLToPath(fixture('snoop/events.jsonl'));
const PROTOBUF = { 'Content-Type': 'application/x-protobuf' };

/** A real server, which answers requests with these statuses, the last one again and again. */
async function server(
  t: TestContext,
  statuses: number[],
  headers: Record<string, string> = PROTOBUF,
): Promise<{ requests: string[]; env: NodeJS.ProcessEnv }> {
  const requests: string[] = [];
  const http = createServer(async (request, response) => {
    requests.push(request.url!);
    for await (const _ of request);
    response.writeHead(statuses[requests.length - 1] ?? statuses.at(-1)!, headers).end();
  });
  const port = await listen(t, http);
  t.after(() => http.closeAllConnections());
  const env = {
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `http://127.0.0.1:${port}/v1/logs`,
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/protobuf',
  };
  return { requests, env };
}

const replay = (env: NodeJS.ProcessEnv, ...args: string[]) =>
  runToEnd(['replay', RECORDING, '--output', 'none', ...args], { env });

describe('log records', () => {
  it('are sent where the variables name a collector for them, and where the list says so', async (t) => {
    const { requests, env } = await server(t, [200]);
    assert.match((await replay(env)).stderr, /^compactstall: \d+ compactions, 0 lost\n/);
    assert.deepEqual(requests, ['/v1/logs']);
    for (const exporter of ['none', 'console']) await replay({ ...env, OTEL_LOGS_EXPORTER: exporter });
    await replay({ ...env, OTEL_SDK_DISABLED: 'true' });
    await replay(env, '--log-level', 'error');
    assert.equal(requests.length, 1);
  });

  it('that are refused are reported once, and in no record', async (t) => {
    const { requests, env } = await server(t, [404]);
    const { code, stderr } = await replay(env);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /compactstall: collector at http:\S+ did not take 1 log records \(http_404: .*\); they are on standard error only\. It may take no logs: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT names another for them\.\n$/,
    );
    assert.equal(requests.length, 1);
  });

  it('that something takes which is no collector are doubted', async (t) => {
    const { env } = await server(t, [200], {});
    const { stderr } = await replay(env);
    assert.match(stderr, /: logs count as delivered, but it may not be a collector\. Check that they arrive\.\n$/);
  });

  it('that a collector does not take now are sent again', async (t) => {
    const { requests, env } = await server(t, [503, 200]);
    const said: Message[] = [];
    const logs = await AgentLogs.open({ ...env, OTEL_BLRP_SCHEDULE_DELAY: '0' }, (warning) => said.push(warning));
    logs!.emit(message('prober_stopped', {}));
    while (requests.length < 2 && said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await logs!.close();
    assert.equal(requests.length, 2);
    assert.deepEqual(said, []);
  });

  it('do not report themselves: each report would be a record again', async (t) => {
    const { requests, env } = await server(t, [404]);
    const messages = new Messages('test');
    const logs = await AgentLogs.open({ ...env, OTEL_BLRP_SCHEDULE_DELAY: '0' }, (warning) => messages.say(warning));
    messages.sendTo(logs);
    messages.say(message('prober_stopped', {}));
    const codes = () => messages.last.problems.map(({ code }) => code);
    while (codes().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await messages.close();
    assert.deepEqual(codes(), ['prober_stopped', 'logs_undelivered']);
    assert.equal(requests.length, 1);
  });

  it('for a collector that is away: the run ends, and says so', async () => {
    const { code, stderr } = await replay({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://127.0.0.1:1' });
    assert.equal(code, 0);
    assert.match(stderr, /did not take 1 log records \(.*ECONNREFUSED.*\); they are on standard error only\.\n$/);
  });

  it('wrong variables are refused before anything starts, also by doctor', async () => {
    for (const [env, sentence] of [
      [{ OTEL_LOGS_EXPORTER: 'zipkin' }, 'OTEL_LOGS_EXPORTER: allowed are otlp, console, none.'],
      [{ OTEL_LOGS_EXPORTER: 'otlp', OTEL_BLRP_EXPORT_TIMEOUT: '0' }, 'OTEL_BLRP_EXPORT_TIMEOUT: must be a whole '],
    ] as const) {
      const { code, stderr } = await replay(env);
      assert.equal(code, 2);
      assert.ok(stderr.startsWith(`compactstall: ${sentence}`), stderr);
      const { stdout } = await runToEnd(['doctor', '--json'], { env });
      const check = JSON.parse(stdout).checks.find(({ id }: { id: string }) => id === 'logs');
      assert.equal(check.status, 'fail');
      assert.ok(check.why.startsWith(sentence), check.why);
    }
  });
});
