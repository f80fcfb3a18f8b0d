// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { askStatus } from '../../../src/status/client.ts';
import { StatusServer } from '../../../src/status/server.ts';
import { temporaryFolder } from '../fixtures.ts';
import { STATUS } from './status.ts';

async function listening(t: TestContext, path: string): Promise<StatusServer> {
  const server = await StatusServer.listen(path);
  t.after(() => server.close());
  return server;
}

const refused = (path: string, why: string) => ({
  message: `cannot listen at ${path}: ${why}. Choose another path for --status-socket.`,
  exitCode: 1,
});

describe('the socket of the status', () => {
  it('answers with what holds now, each time it is asked', async (t) => {
    const path = temporaryFolder(t)('status');
    const server = await listening(t, path);
    let asked = 0;
    server.answer(() => ({ ...STATUS, pid: ++asked }));
    assert.deepEqual(await askStatus(path), { ...STATUS, pid: 1 });
    assert.equal((await askStatus(path)).pid, 2);
  });

  it('is for its owner and root, whatever the umask is, which stays', async (t) => {
    const path = temporaryFolder(t)('status');
    const before = process.umask(0o000);
    t.after(() => process.umask(before));
    await listening(t, path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(process.umask(), 0o000);
  });

  it('is removed at the end', async (t) => {
    const path = temporaryFolder(t)('status');
    const server = await StatusServer.listen(path);
    server.close();
    assert.ok(!existsSync(path));
    await assert.rejects(askStatus(path), { code: 'ENOENT' });
  });

  it('replaces what an agent has left that was killed, and nothing else', async (t) => {
    const at = temporaryFolder(t);
    const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script, at('left')]);
    assert.ok(statSync(at('left')).isSocket());
    (await listening(t, at('left'))).answer(() => STATUS);
    assert.deepEqual(await askStatus(at('left')), STATUS);
    writeFileSync(at('file'), 'kept');
    await assert.rejects(listening(t, at('file')), refused(at('file'), 'there is a file, which is no socket'));
    await assert.rejects(
      StatusServer.listen(at('no', 'folder')),
      refused(at('no', 'folder'), `there is no folder ${at('no')}`),
    );
    const long = at('x'.repeat(108));
    await assert.rejects(listening(t, long), refused(long, 'the path of a socket has at most 107 bytes'));
    const other = await listening(t, at('other'));
    await assert.rejects(listening(t, at('other')), refused(at('other'), 'another agent listens there'));
    other.answer(() => STATUS);
    await assert.rejects(listening(t, at('other')), refused(at('other'), 'another agent listens there'));
  });

  it('says that the agent is just starting, and outlives who leaves early', async (t) => {
    const path = temporaryFolder(t)('status');
    const server = await listening(t, path);
    await assert.rejects(askStatus(path), { message: 'it is just starting, or ending' });
    server.answer(() => STATUS);
    for (let i = 0; i < 20; i++) connect(path).destroy();
    assert.deepEqual(await askStatus(path), STATUS);
  });
});
