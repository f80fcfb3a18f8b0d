// SPDX-License-Identifier: Apache-2.0
// The edges of spans, compared with the clock of an application that makes spans around the same stalls. For changes of the
// clock see test/vm/guest/time.test.ts.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { assertAround, NodeSpans } from '../support/node-spans.ts';
import { Records } from '../support/records.ts';
import { assertConverted, assertWithin, Timed } from '../support/timed.ts';

const STALLS = 17;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

function recordsOf(t: TestContext, pid: number): Records {
  const records = new Records(pid);
  t.after(() => records.close());
  return records;
}

describe('spans by the clock of an application', () => {
  it('agree with its own clocks, and lie within its spans', async (t) => {
    const program = new Timed();
    const records = recordsOf(t, program.pid);
    const agent = await new Agent(['--output', 'json', '--pid', String(program.pid)]).attached();
    const spans = [];
    for (let i = 0; i < STALLS; i++) {
      const span = await program.stall(COMPACT_NODE0);
      for (const event of await records.take(ZONES)) {
        assertConverted(event, span);
        assertWithin(event, span);
      }
      spans.push(span);
    }
    await program.end();
    const { code, stdout, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const events = parseLines(stdout);
    assert.equal(events.length, STALLS * ZONES);
    for (const [i, event] of events.entries()) assertWithin(event, spans[Math.floor(i / ZONES)]!);
  });

  it('agree with the spans of a Node.js application, whose clock shows milliseconds', async (t) => {
    const program = new NodeSpans();
    const records = recordsOf(t, program.pid);
    for (let i = 0; i < STALLS; i++) {
      const span = await program.stall(COMPACT_NODE0);
      for (const event of await records.take(ZONES)) assertAround(event, span);
    }
    await program.end();
  });
});
