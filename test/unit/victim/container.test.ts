// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerOf } from '../../../src/victim/container.ts';
import { fakeProc } from './proc.ts';

const ID = '4a1f6f2b9c0d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f';
const OTHER = ID.split('').reverse().join('');
const POD = 'kubepods-burstable-pod0e3b7a52_63a1_4f0e_a3c7_5d4bb0f8b8a1.slice';

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
      const proc = fakeProc(t);
      proc.put(7, { cgroup });
      assert.equal(containerOf(`${proc.root}/7`), ID);
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
      const proc = fakeProc(t);
      proc.put(7, { cgroup });
      assert.equal(containerOf(`${proc.root}/7`), undefined);
    });
  }
});

it('no process: no container', () => assert.equal(containerOf('/nonexistent/7'), undefined));
