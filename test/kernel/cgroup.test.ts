// SPDX-License-Identifier: Apache-2.0
// The cgroup and the container of a stalled process, which is put into new cgroups with the names of container runtimes.
// Version 2 must be mounted somewhere. If version 1 is mounted as well, a container of that kind is tested, too.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { COMPACT_NODE0 } from '../../harness/host.ts';
import { Agent } from '../support/agent.ts';
import { cgroup, version1, version2 } from '../support/cgroups.ts';

const ID = 'c0ffee'.padEnd(64, '7');

/** The events of a compaction by a process in that cgroup. The process stays until they have come. */
async function stalledIn(t: TestContext, path: string) {
  const agent = await new Agent(['--output', 'json']).attached();
  const shell = spawn('sh', ['-c', `read go; echo 1 >${COMPACT_NODE0}; read end`], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  t.after(() => shell.kill('SIGKILL'));
  writeFileSync(`${path}/cgroup.procs`, String(shell.pid));
  shell.stdin.write('go\n');
  const own = () => agent.events().filter(({ pid }) => pid === shell.pid);
  await agent.until(() => own().length > 0);
  shell.stdin.end('end\n');
  await ended;
  const { code, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  return own();
}

describe('the cgroup and the container of a stalled process', () => {
  it('cgroup version 2 is mounted', () => assert.ok(version2));

  it('version 2, a scope of Docker as systemd makes it', async (t) => {
    const path = cgroup(t, version2!, `docker-${ID}.scope`);
    for (const { cgroupId, container } of await stalledIn(t, path)) {
      // The kernel's id is the inode of the folder.
      assert.equal(cgroupId, String(statSync(path).ino));
      assert.equal(container, ID);
    }
  });

  it('version 2, not in a container', async (t) => {
    const path = cgroup(t, version2!, 'a.service');
    for (const { cgroupId, container } of await stalledIn(t, path)) {
      assert.equal(cgroupId, String(statSync(path).ino));
      assert.equal(container, undefined);
    }
  });

  if (version1) {
    it('version 1, a container of Docker without systemd', async (t) => {
      const path = cgroup(t, version1!, 'docker', ID);
      for (const { cgroupId, container } of await stalledIn(t, path)) {
        assert.equal(container, ID);
        // The id is that of version 2. The process was not moved in that hierarchy.
        const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))![1]!;
        assert.equal(cgroupId, String(statSync(`${version2!.path}${own}`).ino));
      }
    });
  }
});
