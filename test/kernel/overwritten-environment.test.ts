// SPDX-License-Identifier: Apache-2.0
// The service of processes whose environment is overwritten by setproctitle, as in the workers of gunicorn and Celery.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { childrenOf } from '../../harness/processes.ts';
import { Executables } from '../../src/prober/service/executables.ts';
import { explain } from '../../src/prober/service/explain.ts';
import { CommandedProgram } from '../support/commanded-program.ts';

const INSTALL = fileURLToPath(new URL('../../harness/setproctitle/install.sh', import.meta.url));
const python = execFileSync(INSTALL, { encoding: 'utf8' }).trim().split('\n').at(-1)!;

/** Carries out each line of its input: Python statements. */
const SERVER = `
import os, signal, subprocess, sys
from setproctitle import setproctitle
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
def worker(*words):
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        for word in words: exec(word)
        os.write(done, b'1')
        signal.pause()
    os.read(ready, 1)
for line in sys.stdin:
    exec(line)
    print('done', flush=True)
for pid in map(int, open('/proc/self/task/%d/children' % os.getpid()).read().split()): os.kill(pid, 9)
`;

function setUp(t: TestContext) {
  const server = new CommandedProgram(python, ['-c', SERVER], { OTEL_SERVICE_NAME: 'shop' });
  t.after(() => server.end());
  const executables = new Executables({ services: true });
  return {
    server,
    service: (pid = server.pid) => executables.see(pid)!.facts!.resource!['service.name'],
    worker: () => childrenOf(server.pid)[0]!,
  };
}

const TITLE = 'setproctitle("shop: worker")';

describe('an environment that setproctitle has overwritten', () => {
  it('was read before: known', async (t) => {
    const { server, service } = setUp(t);
    await server.tell('pass');
    assert.equal(service(), 'shop');
    await server.tell(TITLE);
    assert.equal(service(), 'shop');
  });

  it('of a worker: that of the server from which it was forked', async (t) => {
    const { server, service, worker } = setUp(t);
    await server.tell(`worker('${TITLE}')`);
    assert.equal(service(worker()), 'shop');
    const { namedBy, environment } = explain(worker())!;
    assert.deepEqual([namedBy, environment], ['environment', 'overwritten']);
  });

  it('of both, and the server’s was read before: known', async (t) => {
    const { server, service, worker } = setUp(t);
    await server.tell('pass');
    assert.equal(service(), 'shop');
    await server.tell(TITLE);
    await server.tell(`worker('${TITLE}')`);
    assert.equal(service(worker()), 'shop');
  });

  it('of both, and never read: not known, with the reason', async (t) => {
    const { server, service, worker } = setUp(t);
    await server.tell(TITLE);
    await server.tell('worker()');
    for (const pid of [server.pid, worker()]) {
      assert.match(String(service(pid)), /^unknown_service:python/);
      const { namedBy, environment } = explain(pid)!;
      assert.deepEqual([namedBy, environment], ['nothing', 'overwritten']);
    }
  });

  it('of a program that the server started, with another service: not that of the server', async (t) => {
    const { server, service, worker } = setUp(t);
    const child = `from setproctitle import setproctitle; ${TITLE}; print(1, flush=True); input()`;
    const env = `{'OTEL_SERVICE_NAME': 'till'}`;
    await server.tell(
      `p = subprocess.Popen([sys.executable, '-c', '''${child}'''], env=${env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE); p.stdout.readline()`,
    );
    assert.match(String(service(worker())), /^unknown_service:python/);
    assert.equal(explain(worker())!.namedBy, 'nothing');
  });
});
