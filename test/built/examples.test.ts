// SPDX-License-Identifier: Apache-2.0
// The services of examples/ can be copied: each folder is complete.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child, freePorts, waitUntil } from '../../harness/child.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ANSWER_MS = 30_000;

function copyOf(t: TestContext, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-examples-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(join(ROOT, 'examples', name), folder, {
    recursive: true,
    filter: (path) => path !== join(ROOT, 'examples', name, 'build'),
  });
  return folder;
}

async function assertAnswers(url: string, child: Child): Promise<void> {
  const status = await waitUntil(
    async () => {
      if (!child.running) throw new Error(`it ended: ${child.log()}`);
      return (await fetch(url).catch(() => undefined))?.status;
    },
    ANSWER_MS,
    () => `no answer: ${child.log()}`,
  );
  assert.equal(status, 200);
  await child.stop();
}

describe('a copy', () => {
  it('of c-service', async (t) => {
    const folder = copyOf(t, 'c-service');
    const [port, collector] = (await freePorts(2)) as [number, number];
    execFileSync('make', ['--silent'], { cwd: folder });
    const env = { OTEL_SERVICE_NAME: 'copy', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector}` };
    const child = new Child('copy', join(folder, 'build/service'), [`${port}`], env);
    await assertAnswers(`http://127.0.0.1:${port}/thumbnails/one`, child);
  });

  it('of http-service, where the packages that it imports are installed', async (t) => {
    const folder = copyOf(t, 'http-service');
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const [port] = await freePorts(1);
    const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };
    const child = new Child('copy', process.execPath, [join(folder, 'server.js'), `${port}`], env);
    await assertAnswers(`http://127.0.0.1:${port}/reports/one`, child);
  });
});
