// SPDX-License-Identifier: Apache-2.0
// A process that publishes after it was identified, where nothing tells of the publication, as on a kernel without kprobes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseContexts, parseIdentity, type Question, questionLine, READY } from '../../src/prober/protocol.ts';
import { Publisher } from '../support/publisher.ts';
import { named, threadContexts } from '../unit/prober/service/payload.ts';

const MAIN = fileURLToPath(new URL('../../src/prober/main.ts', import.meta.url));

/** The prober, asked as the agent asks it. */
async function prober(t: TestContext): Promise<(question: Question) => Promise<string>> {
  const child = spawn(process.execPath, [MAIN, '--services'], { stdio: ['pipe', 'pipe', 'inherit'] });
  // It ignores SIGTERM, and ends with its input.
  t.after(() => child.stdin.end());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    assert.ok(!done, 'the prober has ended');
    return value || next();
  };
  const ready = await next();
  assert.ok(ready.startsWith(READY), ready);
  child.stdin.write(`${ready}\n`);
  return (question) => {
    child.stdin.write(`${questionLine(question)}\n`);
    return next();
  };
}

it('the service is found with the spans', async (t) => {
  const ask = await prober(t);
  const publisher = new Publisher('memfd', {}, 'context-thread');
  t.after(() => publisher.end());
  const service = async () => {
    const identity = parseIdentity(await ask({ about: 'identity', pid: publisher.pid, version: 0 }));
    return identity?.facts?.resource?.['service.name'];
  };
  assert.equal(await service(), 'unknown_service:context-thread');
  await publisher.publish(Buffer.concat([named('shop'), threadContexts()]));
  assert.ok('publisher' in parseContexts(await ask({ about: 'contexts', pid: publisher.pid }))!);
  assert.equal(await service(), 'shop');
});
