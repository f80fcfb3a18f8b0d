// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';

const ENDING = new URL('../../../src/cli/shutdown.ts', import.meta.url);

/** Runs a script that has a `shutdown`, in a separate process, as signals go to the whole process. */
function child(script: string) {
  const source = `import { Shutdown } from ${JSON.stringify(ENDING.href)}; const shutdown = new Shutdown(); ${script}`;
  const started = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  const waiting = new Set<() => void>();
  started.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    for (const check of waiting) check();
  });
  const exited = once(started, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    kill: (signal: NodeJS.Signals) => started.kill(signal),
    async said(text: string): Promise<void> {
      const held = new Promise<void>((resolve) => {
        const check = () => stdout.includes(text) && resolve();
        waiting.add(check);
        check();
      });
      await Promise.race([held, exited.then(() => assert.fail(`ended without saying '${text}': ${stdout}`))]);
    },
    /** The exit code, or the signal when nothing handled it. */
    async exit(): Promise<{ status: number | NodeJS.Signals | null; stdout: string }> {
      const [code, signal] = await exited;
      return { status: code ?? signal, stdout };
    },
  };
}

/** Prints when it runs and when its end is reached, and then hangs, as a sink may. */
const HANGING = `
  setInterval(() => {}, 1000);
  console.log('running');
  await shutdown.reached;
  console.log('reached');
  await new Promise(() => {});
`;

describe('the end of a run', () => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    it(`${signal}: the first one ends the run, the second the process`, async () => {
      const run = child(HANGING);
      await run.said('running');
      run.kill(signal);
      await run.said('reached');
      run.kill(signal);
      assert.equal((await run.exit()).status, status);
    });
  }

  it('the second signal may be another one', async () => {
    const run = child(HANGING);
    await run.said('running');
    run.kill('SIGINT');
    await run.said('reached');
    run.kill('SIGTERM');
    assert.equal((await run.exit()).status, 143);
  });

  it('after another end the first signal ends the process, as shutdown has begun', async () => {
    const run = child(`shutdown.end(); ${HANGING}`);
    await run.said('reached');
    run.kill('SIGINT');
    assert.equal((await run.exit()).status, 130);
  });

  it('a duration', async () => {
    const run = child(`shutdown.after(1); await shutdown.reached; console.log('reached');`);
    assert.deepEqual(await run.exit(), { status: 0, stdout: 'reached\n' });
  });

  it('an early end leaves no timer that keeps the process alive', async () => {
    const run = child(
      `shutdown.after(2 ** 31 - 1); shutdown.end(); shutdown.end(); await shutdown.reached; console.log('reached');`,
    );
    assert.deepEqual(await run.exit(), { status: 0, stdout: 'reached\n' });
  });
});
