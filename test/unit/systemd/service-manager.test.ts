// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Message } from '../../../src/messages/message.ts';
import { ServiceManager, type Work } from '../../../src/systemd/service-manager.ts';

const WORK: Work = { status: () => '17 compactions, 0 lost', works: async () => true };

function managerOf(t: TestContext, variables: NodeJS.ProcessEnv, send?: () => void) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const env: NodeJS.ProcessEnv = { PATH: '/bin', NOTIFY_SOCKET: '/run/notify', ...variables };
  const sent: string[] = [];
  const said: Message[] = [];
  const manager = new ServiceManager({
    env,
    send: send ?? ((address, text) => sent.push(`${address}: ${text.replace(/\d{6,}/, 'NOW')}`)),
    warn: (message) => said.push(message),
  });
  t.after(() => manager.stopping());
  return { manager, env, sent, said };
}

describe('the service manager', () => {
  it('learns of each step of a run', async (t) => {
    const { manager, sent } = managerOf(t, {});
    manager.ready(WORK);
    await manager.reload(async () => sent.push('(reloading)'));
    manager.stopping();
    manager.close();
    assert.deepEqual(sent, [
      '/run/notify: READY=1',
      '/run/notify: STATUS=17 compactions, 0 lost',
      '/run/notify: RELOADING=1\nMONOTONIC_USEC=NOW',
      '(reloading)',
      '/run/notify: READY=1',
      '/run/notify: STOPPING=1',
    ]);
  });

  it('has no variables left in the environment, which processes inherit', (t) => {
    const { env } = managerOf(t, { WATCHDOG_USEC: '3000000', WATCHDOG_PID: `${process.pid}` });
    assert.deepEqual(env, { PATH: '/bin' });
  });

  for (const { title, variables, beats } of [
    { title: 'where it watches', variables: { WATCHDOG_USEC: '3000000' }, beats: 3 },
    {
      title: 'where it watches this process',
      variables: { WATCHDOG_USEC: '3000000', WATCHDOG_PID: `${process.pid}` },
      beats: 3,
    },
    {
      title: 'not where it watches another process',
      variables: { WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' },
      beats: 0,
    },
    { title: 'not where it does not watch', variables: {}, beats: 0 },
  ]) {
    it(`gets beats ${title}`, async (t) => {
      const { manager, sent } = managerOf(t, variables);
      manager.ready(WORK);
      for (let i = 0; i < 3; i++) {
        t.mock.timers.tick(1000);
        await new Promise(setImmediate);
      }
      assert.equal(sent.filter((text) => text.endsWith(': WATCHDOG=1')).length, beats);
    });
  }

  it('that is not there is reported once, and the run goes on', async (t) => {
    const { manager, said } = managerOf(t, {}, () => {
      throw new Error('Cannot send to /run/notify: no such file or directory.');
    });
    manager.ready(WORK);
    await manager.reload(async () => {});
    manager.close();
    assert.deepEqual(
      said.map(({ text }) => text),
      ['systemd is not notified of how the run goes: Cannot send to /run/notify: no such file or directory.'],
    );
  });
});
