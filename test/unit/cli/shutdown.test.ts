// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

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
    /** Sends the signal again and again until the process ends, as an impatient person does. */
    async killAgain(signal: NodeJS.Signals): Promise<void> {
      while (started.exitCode === null && started.signalCode === null) {
        started.kill(signal);
        await sleep(20);
      }
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
    it(`${signal}: the first one ends the run, a later one the process`, async () => {
      const run = child(HANGING);
      await run.said('running');
      run.kill(signal);
      await run.said('reached');
      await run.killAgain(signal);
      assert.equal((await run.exit()).status, status);
    });
  }

  it('the later signal may be another one', async () => {
    const run = child(HANGING);
    await run.said('running');
    run.kill('SIGINT');
    await run.said('reached');
    await run.killAgain('SIGTERM');
    assert.equal((await run.exit()).status, 143);
  });

  it('after another end the first signal ends the process, as shutdown has begun', async () => {
    const run = child(`shutdown.end(); ${HANGING}`);
    await run.said('reached');
    await run.killAgain('SIGINT');
    assert.equal((await run.exit()).status, 130);
  });

  // Signals of a process to itself arrive before the call returns.
  const ITSELF = `const signal = (name) => process.kill(process.pid, name); const turn = () => new Promise(setImmediate);`;

  it('several signals at once are one end: a terminal and npm both pass Ctrl-C on', async () => {
    const run = child(`${ITSELF}
      for (const name of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGHUP']) { signal(name); await turn(); }
      await shutdown.reached;
      signal('SIGINT');
      await turn(); await turn();
      console.log('books');
    `);
    assert.deepEqual(await run.exit(), { status: 0, stdout: 'books\n' });
  });

  it('a signal at the end of the duration belongs to that end', async () => {
    const run = child(`${ITSELF} shutdown.end(); signal('SIGINT'); await turn(); await turn(); console.log('books');`);
    assert.deepEqual(await run.exit(), { status: 0, stdout: 'books\n' });
  });

  it('a signal that arrives in time counts so, even if the event loop was blocked', async () => {
    const run = child(`${ITSELF}
      signal('SIGINT');
      await turn(); await turn();
      await shutdown.reached;
      signal('SIGINT');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      for (let i = 0; i < 10; i++) await turn();
      console.log('books');
    `);
    assert.deepEqual(await run.exit(), { status: 0, stdout: 'books\n' });
  });

  it('a failed output ends the run when no other works; it is a failure in any case', async () => {
    const run = child(`
      shutdown.outputFailed(true);
      const first = await Promise.race([shutdown.reached.then(() => 'ended'), 'goes on']);
      const failed = shutdown.failed;
      shutdown.outputFailed(false);
      await shutdown.reached;
      console.log(first, failed, shutdown.failed);
    `);
    assert.deepEqual(await run.exit(), { status: 0, stdout: 'goes on true true\n' });
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
