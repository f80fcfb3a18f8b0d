// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readClocks } from 'bpf-loader-native';
import { Processes } from '../../src/source/processes.ts';
import { temporaryFolder } from './support.ts';

const ID = '4a1f6f2b9c0d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f';
/** Any process that is there started before it. */
const NOW = 2n ** 62n;
const OTHER = ID.split('').reverse().join('');
const POD = 'kubepods-burstable-pod0e3b7a52_63a1_4f0e_a3c7_5d4bb0f8b8a1.slice';

/** A folder like /proc with one process. */
function proc(t: TestContext, pid: number, { exe, cgroup }: { exe?: string; cgroup?: string }): string {
  const at = temporaryFolder(t);
  mkdirSync(at(String(pid)));
  if (exe !== undefined) symlinkSync(exe, at(String(pid), 'exe'));
  if (cgroup !== undefined) writeFileSync(at(String(pid), 'cgroup'), cgroup);
  return at();
}

const v1 = (path: string) =>
  `${['12:pids', '11:memory', '1:name=systemd'].map((controller) => `${controller}:${path}\n`).join('')}0::/\n`;

describe('container id from the cgroup', () => {
  for (const [what, cgroup] of [
    ['docker, v2, systemd', `0::/system.slice/docker-${ID}.scope\n`],
    ['docker, v2, cgroupfs', `0::/docker/${ID}\n`],
    ['docker, v1', v1(`/docker/${ID}`)],
    ['docker, v1, systemd', v1(`/system.slice/docker-${ID}.scope`)],
    ['docker with systemd inside', `0::/system.slice/docker-${ID}.scope/system.slice/nginx.service\n`],
    ['docker in docker: the inner one', `0::/docker/${OTHER}/docker/${ID}\n`],
    ['containerd, Kubernetes, v2', `0::/kubepods.slice/kubepods-burstable.slice/${POD}/cri-containerd-${ID}.scope\n`],
    ['containerd, Kubernetes, cgroupfs', v1(`/kubepods/burstable/pod0e3b7a52-63a1-4f0e-a3c7-5d4bb0f8b8a1/${ID}`)],
    ['containerd, runc’s colons', v1(`/system.slice/containerd.service/${POD}:cri-containerd:${ID}`)],
    ['nerdctl', `0::/system.slice/nerdctl-${ID}.scope\n`],
    ['CRI-O, v2', `0::/kubepods.slice/${POD}/crio-${ID}.scope\n`],
    ['CRI-O with crun', `0::/kubepods.slice/${POD}/crio-${ID}.scope/container\n`],
    ['podman with runc', `0::/machine.slice/libpod-${ID}.scope\n`],
    ['podman with crun', `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container\n`],
    ['seen from another cgroup namespace', `0::/../${ID}\n`],
  ] as const) {
    it(what, (t) => {
      const processes = new Processes(proc(t, 7, { exe: '/usr/sbin/nginx', cgroup }));
      assert.deepEqual(processes.lookUp(7, NOW), { executable: 'nginx', container: ID });
    });
  }

  for (const [what, cgroup] of [
    ['a service', '0::/system.slice/nginx.service\n'],
    ['a login session', '0::/user.slice/user-1000.slice/session-3.scope\n'],
    ['a systemd scope with a long name', `0::/user.slice/user-1000.slice/app-gnome-${ID.slice(0, 40)}-1234.scope\n`],
    ['the root', '0::/\n'],
    ['63 digits', `0::/docker/${ID.slice(1)}\n`],
    ['65 digits', `0::/docker/${ID}0\n`],
    ['a pod without a container', `0::/kubepods.slice/${POD}\n`],
    ['conmon, which stands beside its container', `0::/machine.slice/libpod-conmon-${ID}.scope\n`],
    ['conmon of CRI-O', `0::/kubepods.slice/${POD}/crio-conmon-${ID}.scope\n`],
  ] as const) {
    it(`none: ${what}`, (t) => {
      const processes = new Processes(proc(t, 7, { exe: '/usr/sbin/nginx', cgroup }));
      assert.deepEqual(processes.lookUp(7, NOW), { executable: 'nginx' });
    });
  }
});

describe('processes', () => {
  it('a process that is gone: nothing', () => assert.deepEqual(new Processes('/nonexistent').lookUp(7, NOW), {}));

  it('a kernel thread has a cgroup, but no executable', (t) => {
    assert.deepEqual(new Processes(proc(t, 7, { cgroup: '0::/\n' })).lookUp(7, NOW), {});
  });

  it('a process whose executable may not be read: its container is known all the same', (t) => {
    const root = proc(t, 7, { cgroup: `0::/docker/${ID}\n` });
    assert.deepEqual(new Processes(root).lookUp(7, NOW), { container: ID });
  });

  it('an executable that was replaced while it runs', (t) => {
    const root = proc(t, 7, { exe: '/usr/bin/node (deleted)', cgroup: '0::/\n' });
    assert.deepEqual(new Processes(root).lookUp(7, NOW), { executable: 'node' });
  });

  it('is looked up once per batch', (t) => {
    const root = proc(t, 7, { exe: '/usr/bin/node', cgroup: '0::/\n' });
    const processes = new Processes(root);
    const first = processes.lookUp(7, NOW);
    rmSync(`${root}/7`, { recursive: true });
    assert.equal(processes.lookUp(7, NOW), first);
    processes.newBatch();
    assert.deepEqual(processes.lookUp(7, NOW), {});
  });

  it('this process, in the real /proc', () => {
    assert.equal(new Processes().lookUp(process.pid, NOW).executable, basename(process.execPath));
  });

  it('a process that started after the stall only has its pid', (t) => {
    const root = proc(t, 7, { exe: '/usr/bin/nginx', cgroup: '0::/\n' });
    // Field 22: 500 ticks, 5 s after the boot. The name has what would mislead a split at spaces.
    writeFileSync(`${root}/7/stat`, `7 (a) b 1 (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 500 1000 1 0\n`);
    const found = (atNs: bigint) => new Processes(root).lookUp(7, atNs);
    assert.deepEqual(found(5_000_000_000n), { executable: 'nginx' });
    assert.deepEqual(found(4_999_999_999n), {});
  });

  it('of this process: started before now, and not before the boot', () => {
    const { boottimeNs } = readClocks();
    const name = basename(process.execPath);
    assert.equal(new Processes().lookUp(process.pid, boottimeNs).executable, name);
    assert.equal(
      new Processes().lookUp(process.pid, boottimeNs - BigInt(Math.ceil((process.uptime() + 1) * 1e9))).executable,
      undefined,
    );
  });
});
