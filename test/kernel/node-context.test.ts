// SPDX-License-Identifier: Apache-2.0
// A Node.js service whose requests are handled at the same time, and stall: each stall is a child of its own request.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Agent, parseLines } from '../support/agent.ts';
import { COMPACT_NODE0, populatedZones } from '../support/host.ts';

const REQUESTS = 29;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const SERVICE = fileURLToPath(new URL('child/requests.mjs', import.meta.url));

it('stalls of interleaved requests are children of their own, under the service’s name', async () => {
  const agent = await new Agent(['--output', 'json']).attached();
  const env = { ...process.env, OTEL_SERVICE_NAME: 'requests' };
  const service = spawn(process.execPath, [SERVICE, COMPACT_NODE0], { stdio: ['pipe', 'pipe', 'inherit'], env });
  after(() => service.kill('SIGKILL'));
  const lines = createInterface({ input: service.stdout });
  const handle = async (count: number): Promise<{ traceId: string; spanId: string }[]> => {
    service.stdin.write(`${count}\n`);
    const [line] = await once(lines, 'line');
    return JSON.parse(line);
  };
  const own = () => agent.events().filter(({ pid }) => pid === service.pid);
  let before = 0;
  do {
    await handle(1);
    before += 2;
    await agent.until(() => own().length === before * ZONES);
  } while (!own().some(({ context }) => context));
  const spans = await handle(REQUESTS);
  const { code, stdout, stderr } = await agent.stop();
  service.stdin.end();
  assert.equal(code, 0, stderr);

  const events = parseLines(stdout).filter(({ pid }) => pid === service.pid);
  const stalls = events.slice(before * ZONES);
  assert.equal(stalls.length, (REQUESTS + 1) * ZONES);
  for (const [i, { context, traceId, resource }] of stalls.entries()) {
    assert.equal(resource?.['service.name'], 'requests');
    const span = spans[Math.floor(i / ZONES)];
    if (!span) {
      assert.equal(context, undefined, 'in no span');
      continue;
    }
    assert.deepEqual(context, { source: 'nodejs', ...span, flags: 1, relation: 'child' });
    assert.equal(traceId, span.traceId);
  }
  assert.equal(new Set(stalls.map(({ traceId }) => traceId)).size, REQUESTS + ZONES);
});
