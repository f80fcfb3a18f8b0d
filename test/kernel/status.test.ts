// SPDX-License-Identifier: Apache-2.0
// A running agent is asked how it is.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import type { AgentStatus } from '../../src/status/status.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { user } from '../support/deprived.ts';
import { temporaryFolder } from '../unit/fixtures.ts';
import { OK, startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;

describe('compactstall status', () => {
  it('says what a running agent has counted, to root only', async (t) => {
    const path = temporaryFolder(t)('status');
    let takes = false;
    const collector = await startGrpcServer(t, () => (takes ? OK : { code: 14, details: 'not now' }));
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` };
    const agent = await new Agent(['-o', 'json', '--trigger', 'manual', '--status-socket', path], { env }).attached();
    compact(COMPACT_NODE0, 5);
    await agent.until(() => agent.events().length === 5 * ZONES && agent.stderr.includes('does not accept spans now'));
    const ask = (...words: string[]) => runToEnd(['status', '--status-socket', path, ...words]);
    const { code, stdout, stderr } = await ask('--json');
    assert.equal(code, 0, stderr);
    const status = JSON.parse(stdout) as AgentStatus;
    assert.equal(status.pid, agent.pid);
    assert.equal(status.books.compactions, 5 * ZONES);
    assert.ok(status.books.equations.some(({ name }) => name === 'begins'));
    const [waited] = status.stalled;
    assert.deepEqual([waited?.process, waited?.count], ['node', 5 * ZONES]);
    assert.match(status.messages[0]!.text, / attached \(/);
    assert.deepEqual(
      status.problems.map(({ level, code, times }) => [level, code, times]),
      [['warn', 'collector_busy', 1]],
    );
    assert.deepEqual([status.queued, status.books.lost], [5 * ZONES, {}]);
    assert.match((await ask()).stdout, new RegExp(`^${5 * ZONES} compactions, 0 lost, 0 not recorded$`, 'm'));

    assert.equal(statSync(path).mode & 0o777, 0o600);
    const other = await runToEnd(['status', '--status-socket', path], { under: user(65534) });
    assert.equal(other.code, 1);
    assert.match(other.stderr, /cannot ask the agent at .*: .*It has to run with the same --status-socket/);

    takes = true;
    assert.equal((await agent.stop()).code, 0);
    assert.equal((await ask()).code, 1);
  });
});
