// SPDX-License-Identifier: Apache-2.0
// Configuration files against a real Collector, which has both protocols.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import { runToEnd } from '../support/agent.ts';
import { events } from '../unit/sinks/otlp/events.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/compactstall.yaml', import.meta.url));
const EVENTS = events(5);

describe('a configuration file', () => {
  let folder: string;
  let recording: string;
  let collector: Collector;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
    recording = join(folder, 'recording.jsonl');
    writeFileSync(recording, EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''));
    collector = await startCollector({ spansFile: join(folder, 'spans.jsonl') });
  });
  after(async () => {
    await collector.stop();
    rmSync(folder, { recursive: true });
  });

  /** Needs no wait, as the file has every accepted span. */
  async function replayed(file: string, env: NodeJS.ProcessEnv) {
    const already = collector.spans().length;
    const { code, stderr } = await runToEnd(['replay', recording, '--config', file, '--min-duration', '0ns'], { env });
    assert.equal(code, 0, stderr);
    return collector.spans().slice(already);
  }

  it('the example, with its resource', async () => {
    const spans = await replayed(EXAMPLE, { COLLECTOR: collector.endpoint, NODE_NAME: 'n7' });
    assert.equal(spans.length, EVENTS.filter(({ trigger }) => trigger === 'direct' || trigger === 'kcompactd').length);
    for (const { resource } of spans) assert.equal(resource['k8s.node.name'], 'n7');
  });

  it('two exporters, one with gRPC and one with HTTP: each has every span', async () => {
    const grpc = `{ endpoint: '${collector.endpoint}', compression: gzip }`;
    const http = `{ endpoint: '${collector.httpEndpoint}/v1/traces' }`;
    const file = join(folder, 'two.yaml');
    const batch = (exporter: string) => `    - batch: { exporter: { ${exporter} } }\n`;
    const processors = batch(`otlp_grpc: ${grpc}`) + batch(`otlp_http: ${http}`);
    const own = 'instrumentation/development: { js: { compactstall: { output: none } } }\n';
    writeFileSync(file, `file_format: '1.0'\ntracer_provider:\n  processors:\n${processors}${own}`);
    const ids = (await replayed(file, {})).map(({ span }) => span.spanId).sort();
    assert.deepEqual(ids, EVENTS.flatMap(({ spanId }) => [spanId, spanId]).sort());
  });
});
