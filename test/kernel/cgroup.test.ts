// SPDX-License-Identifier: Apache-2.0
// The cgroup and the container of a stalled process, which is put into new cgroups with the names of container runtimes.
// Version 2 must be mounted somewhere. If version 1 is mounted as well, a container of that kind is tested, too.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { COMPACT_NODE0 } from '../../harness/host.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { cgroup, version1, version2 } from '../support/cgroups.ts';
import { storm } from '../support/storm.ts';

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

describe('a storm of one cgroup', () => {
  it('does not hide another one, which has its first compactions of each second', async (t) => {
    const path = cgroup(t, version2!, 'quiet.service');
    const agent = await new Agent(['--output', 'json', '--stack', 'none', '--max-spans-per-second', '1']).attached();
    const writes = 3;
    const quiet = `read go; for i in 1 2 ${writes}; do echo 1 >${COMPACT_NODE0}; sleep 1.1; done`;
    const shell = spawn('sh', ['-c', quiet], { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = new Promise<void>((resolve) => shell.once('close', () => resolve()));
    t.after(() => shell.kill('SIGKILL'));
    writeFileSync(`${path}/cgroup.procs`, String(shell.pid));
    // Uses up the burst of 25.
    await storm(2, 20);
    shell.stdin.end('go\n');
    await Promise.all([storm(2, 60), ended]);
    const { code, stdout, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /filtered\{rate\}/);
    const own = parseLines(stdout).filter(({ cgroupId }) => cgroupId === String(statSync(path).ino));
    // A write may end in the next second; the first in each is there.
    const seconds = new Set(
      own.map(({ startUnixNano, durationNano }) => (BigInt(startUnixNano) + BigInt(durationNano)) / 1_000_000_000n),
    );
    assert.ok(own.length >= writes && seconds.size >= writes, `${own.length} in ${seconds.size} seconds`);
  });
});
