// SPDX-License-Identifier: Apache-2.0
// Spans of this host's stalls in a real receiver: one for each write and zone, equal to the printed events of the same run.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { type Receiver, startReceiver } from '../../harness/receivers/test-agent.ts';
import { TraceProcessor } from '../../harness/viewers/trace-processor.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { assertNothingLost, exportedBy } from '../support/books.ts';
import { assertSlices } from '../support/perfetto.ts';
import { assertSpans } from '../support/spans.ts';

const WRITES = 23;
const DEADLINE_MS = 60_000;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

let receiver: Receiver;
before(async () => {
  receiver = await startReceiver();
});
beforeEach(() => receiver.clear());
after(() => receiver.stop());

describe(`${WRITES} writes to ${COMPACT_NODE0}`, () => {
  for (const protocol of ['grpc', 'http/protobuf']) {
    it(`over ${protocol}: one span for each write and zone, each equal to the JSON output`, async () => {
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? receiver.endpoint : receiver.httpEndpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      };
      const agent = await new Agent(['--output', 'json', '--pid', String(process.pid)], {
        env,
        books: true,
      }).attached();
      compact(COMPACT_NODE0, WRITES);
      const finished = await agent.stop();
      const books = assertNothingLost(finished);
      const events = parseLines(finished.stdout);
      assert.equal(events.length, WRITES * ZONES);
      const spans = await receiver.waitForSpans(events.length, DEADLINE_MS);
      assertSpans(spans, events);
      for (const { resource } of spans) {
        assert.equal(resource['service.name'], `unknown_service:${basename(process.execPath)}`);
        assert.equal(resource['host.name'], hostname());
        for (const { host } of events) assert.deepEqual([host?.name, host?.id], [hostname(), resource['host.id']]);
        assert.equal(resource['os.type'], 'linux');
      }
      assert.equal(exportedBy('otlp', books), events.length);
      assert.equal(books.compactions, events.length);
    });
  }

  it('--stack attribute: the stack is on the span, and there is no event', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
    const args = ['--output', 'json', '--stack', 'attribute', '--pid', String(process.pid)];
    const agent = await new Agent(args, { env }).attached();
    compact(COMPACT_NODE0, 1);
    const [event] = parseLines((await agent.stop()).stdout);
    for (const { attributes, events } of await receiver.waitForSpans(ZONES, DEADLINE_MS)) {
      assert.equal(attributes['code.stacktrace'], event!.stack.join('\n'));
      assert.deepEqual(events, []);
    }
  });

  it('-o perfetto: two slices for each write and zone, in Perfetto itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
    const file = join(folder, 'stalls.pftrace');
    const words = ['-o', 'json', '-o', `perfetto:${file}`, '--pid', String(process.pid)];
    const agent = await new Agent(words, { books: true }).attached();
    compact(COMPACT_NODE0, WRITES);
    const finished = await agent.stop();
    assertNothingLost(finished);
    const events = parseLines(finished.stdout);
    assert.equal(events.length, WRITES * ZONES);
    assertSlices(await TraceProcessor.open(readFileSync(file)), events);
    rmSync(folder, { recursive: true });
  });
});
