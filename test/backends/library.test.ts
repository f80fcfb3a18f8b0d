// SPDX-License-Identifier: Apache-2.0
// The programs of examples/library, with this host's compactions.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child, waitUntil } from '../../harness/child.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { startCollector } from '../../harness/receivers/receivers.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const DEADLINE_MS = 30_000;
const WRITES = 5;
const example = (name: string) => fileURLToPath(new URL(`../../examples/library/${name}`, import.meta.url));

async function started(name: string, args: string[], env: Record<string, string>): Promise<Child> {
  const program = new Child(name, process.execPath, [example(name), ...args], env);
  await program.ready(async () => program.log().includes('attached\n'), DEADLINE_MS);
  return program;
}

describe('the examples of the library', () => {
  it('metric.js: a real Collector gets the metric, with each compaction in it', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-library-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const collector = await startCollector({ spansFile: join(folder, 'spans') });
    t.after(() => collector.stop());
    const program = await started('metric.js', [], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpEndpoint });
    compact(COMPACT_NODE0, WRITES);
    await program.stop();
    const [, count] = / ?(\d+) compactions, lost: \{\}\n/.exec(program.log()) ?? assert.fail(program.log());
    assert.ok(Number(count) >= WRITES * ZONES);
    const points = await waitUntil(
      () => {
        const found = collector.metrics().findLast(({ metric }) => metric.name === 'service.waited');
        return found?.metric.histogram?.dataPoints;
      },
      DEADLINE_MS,
      () => 'the metric has not arrived',
    );
    assert.equal(
      points.reduce((sum, point) => sum + Number(point.count), 0),
      Number(count),
    );
  });

  it('page.js: posts once for a service that waited too long', async (t) => {
    const pages: { text: string; trace: string }[] = [];
    const hook = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      pages.push(JSON.parse(body));
      response.end();
    }).listen(0, '127.0.0.1');
    t.after(() => hook.close());
    await new Promise((resolve) => hook.once('listening', resolve));
    const { port } = hook.address() as AddressInfo;
    const program = await started('page.js', [`http://127.0.0.1:${port}/hook`, '0.5'], {});
    compact(COMPACT_NODE0, WRITES);
    await waitUntil(
      () => pages[0],
      DEADLINE_MS,
      () => `nobody was paged: ${program.log()}`,
    );
    await program.stop();
    assert.equal(pages.length, 1);
    assert.match(pages[0]!.text, /^unknown_service:node waited \d+ ms for memory compaction within a minute$/);
    assert.match(pages[0]!.trace, /^[0-9a-f]{32}$/);
    assert.match(program.log(), / paged, 200$/m);
  });
});
