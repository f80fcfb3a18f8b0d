// SPDX-License-Identifier: Apache-2.0
// The paths come from real containers, with the id that the runtime reported; three ids replace these here. Version 1 was on
// Debian 12 (Linux 6.1, systemd 252), version 2 on Debian sid (Linux 7.2, systemd 262).
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { containerOf } from '../../../src/procfs/container-id.ts';
import { fakeProc } from '../prober/service/proc.ts';

const digits = (start: string) => start.padEnd(64, '0123456789abcdef');
const IDS = {
  CONTAINER: digits('7821ec0c5337'),
  OUTER: digits('4e329a66ba22'),
  POD: digits('67533fe1a45e'),
} as const;
const full = (path: string) => path.replaceAll(/CONTAINER|OUTER|POD/g, (name) => IDS[name as keyof typeof IDS]);

const v2 = (path: string) => `0::${full(path)}\n`;
/** Some of the 13 hierarchies. Their order differs from boot to boot. */
const v1 = (path: string, elsewhere: Record<string, string> = {}) =>
  ['misc', 'memory', 'cpu,cpuacct', 'pids', 'name=systemd']
    .map((name, index) => `${13 - index}:${name}:${full(elsewhere[name] ?? path)}\n`)
    .join('');
/** runc does not move processes in misc. */
const runc = (path: string, misc = '/') => v1(path, { misc });

const SLICE =
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0e3b7a52_63a1_4f0e_a3c7_5d4bb0f8b8a1.slice';
const FOLDER = '/kubepods/burstable/pod0e3b7a52-63a1-4f0e-a3c7-5d4bb0f8b8a1';
const COLONS = 'kubepods-burstable-pod0e3b7a52_63a1_4f0e_a3c7_5d4bb0f8b8a1.slice:cri-containerd:CONTAINER';
const PODMAN_SLICE = '/machine.slice/machine-libpod_pod_POD.slice';
const SESSION = '/user.slice/user-0.slice/session-1.scope';
const USER = '/user.slice/user-1000.slice/user@1000.service';

const containerIn = (t: TestContext, cgroup: string) => {
  const proc = fakeProc(t);
  proc.put(7, { cgroup });
  return containerOf(`${proc.root}/7`);
};

describe('container id from the cgroup', () => {
  for (const [what, cgroup] of [
    ['Docker 28.5.2, runc 1.3.6, cgroupfs', v2('/docker/CONTAINER')],
    ['Docker 28.5.2, systemd', v2('/system.slice/docker-CONTAINER.scope')],
    ['Docker 28.5.2, cgroupfs, --cgroup-parent', v2('/custom/CONTAINER')],
    ['Docker 28.5.2, systemd, --cgroup-parent', v2('/kubepods.slice/kubepods-besteffort.slice/docker-CONTAINER.scope')],
    ['Docker 28.5.2, a systemd inside, cgroupfs', v2('/docker/CONTAINER/init.scope')],
    ['Docker 28.5.2, a systemd inside, systemd', v2('/system.slice/docker-CONTAINER.scope/init.scope')],
    ['Docker 28.5.2, seen from another container, cgroupfs', v2('/../CONTAINER')],
    ['Docker 28.5.2, seen from another container, systemd', v2('/../docker-CONTAINER.scope')],
    ['Docker 20.10.24, runc 1.1.5, cgroupfs', runc('/docker/CONTAINER')],
    ['Docker 20.10.24, systemd', runc('/system.slice/docker-CONTAINER.scope')],
    ['Docker 20.10.24, a cgroup made inside', runc('/docker/CONTAINER/inner', '/inner')],
    ['Docker 20.10.24, seen from another container', runc('/../CONTAINER')],

    ['containerd 2.1.9, ctr, cgroupfs', v2('/default/CONTAINER')],
    ['containerd 2.1.9, ctr, systemd', v2('/system.slice/ctr-CONTAINER.scope')],
    ['containerd 2.1.9, CRI, cgroupfs', v2(`${FOLDER}/CONTAINER`)],
    ['containerd 2.1.9, CRI, no parent', v2('/k8s.io/CONTAINER')],
    ['containerd 2.1.9, CRI, systemd', v2(`${SLICE}/cri-containerd-CONTAINER.scope`)],
    ['containerd 1.6.20, ctr, cgroupfs', runc('/default/CONTAINER')],
    ['containerd 1.6.20, CRI, cgroupfs', runc(`${FOLDER}/CONTAINER`)],
    ['containerd 1.6.20, CRI, systemd', runc(`${SLICE}/cri-containerd-CONTAINER.scope`)],

    [
      'containerd 1.6.20, CRI, cgroupfs under a parent of systemd',
      v1(`/system.slice/containerd.service/${COLONS}`, { misc: '/', 'cpu,cpuacct': `/${COLONS}` }),
    ],

    ['CRI-O 1.37.0, runc 1.3.6, cgroupfs', v2(`${FOLDER}/crio-CONTAINER`)],
    ['CRI-O 1.37.0, crun 1.28, systemd', v2(`${SLICE}/crio-CONTAINER.scope/container`)],
    ['CRI-O 1.37.0, runc 1.1.5, systemd', runc(`${SLICE}/crio-CONTAINER.scope`)],

    ['podman 5.8.6, crun 1.28, cgroupfs', v2('/libpod_parent/libpod-CONTAINER')],
    ['podman 5.8.6, cgroupfs, in a pod', v2('/libpod_parent/POD/libpod-CONTAINER')],
    ['podman 5.8.6, systemd', v2('/machine.slice/libpod-CONTAINER.scope/container')],
    ['podman 5.8.6, systemd, in a pod', v2(`${PODMAN_SLICE}/libpod-CONTAINER.scope/container`)],
    ['podman 5.8.6, quadlet, or --cgroups=split', v2('/system.slice/web.service/libpod-payload-CONTAINER')],
    ['podman 5.8.6, seen from another container', v2('/../../libpod-CONTAINER.scope/container')],
    ['podman 5.8.6, rootless', v2(`${USER}/user.slice/libpod-CONTAINER.scope/container`)],
    [
      'podman 5.8.6, rootless, in a pod',
      v2(`${USER}/user.slice/user-libpod_pod_POD.slice/libpod-CONTAINER.scope/container`),
    ],
    ['podman 5.8.6, rootless, --cgroups=split', v2(`${USER}/app.slice/web.service/libpod-payload-CONTAINER`)],
    ['podman 4.3.1, crun 1.8.1, cgroupfs', v1('/libpod_parent/libpod-CONTAINER')],
    ['podman 4.3.1, runc 1.1.5, cgroupfs', runc('/libpod_parent/libpod-CONTAINER', '/libpod_parent/conmon')],
    [
      'podman 4.3.1, runc 1.1.5, cgroupfs, in a pod',
      runc('/libpod_parent/POD/libpod-CONTAINER', '/libpod_parent/POD/conmon'),
    ],
    ['podman 4.3.1, crun 1.8.1, systemd', v1('/machine.slice/libpod-CONTAINER.scope/container')],
    [
      'podman 4.3.1, crun 1.8.1, systemd, podman exec',
      v1('/machine.slice/libpod-CONTAINER.scope/container', {
        'name=systemd': '/machine.slice/libpod-conmon-CONTAINER.scope',
      }),
    ],
    ['podman 4.3.1, runc 1.1.5, systemd, in a pod', runc(`${PODMAN_SLICE}/libpod-CONTAINER.scope`)],
    ['podman 4.3.1, --cgroups=split', v1('/system.slice/web.service/libpod-payload-CONTAINER')],

    [
      'runc 1.1.5 in a container of podman 4.3.1 and crun 1.8.1',
      v1('/machine.slice/libpod-OUTER.scope/container/CONTAINER', {
        misc: '/machine.slice/libpod-OUTER.scope/container',
        'name=systemd': '/machine.slice/libpod-conmon-OUTER.scope/CONTAINER',
      }),
    ],
    ['runc 1.1.5 alone', runc(`${SESSION}/CONTAINER`)],
    ['runc 1.1.5 alone, systemd', runc('/system.slice/runc-CONTAINER.scope')],
    [
      'crun 1.8.1 alone, systemd',
      v1('/user.slice/user-0.slice/user@0.service/app.slice/crun-CONTAINER.scope/container'),
    ],
  ] as const) {
    it(what, (t) => assert.equal(containerIn(t, cgroup), IDS.CONTAINER));
  }

  for (const [what, cgroup] of [
    ['Docker’s daemon', v2('/system.slice/docker.service')],
    ['shims, of Docker, containerd and Kubernetes', v2('/system.slice/containerd.service')],
    ['conmon of podman 5.8.6', v2('/machine.slice/libpod-conmon-CONTAINER.scope')],
    ['conmon of podman 5.8.6, in a pod', v2(`${PODMAN_SLICE}/libpod-conmon-CONTAINER.scope`)],
    ['conmon of podman 5.8.6, quadlet, or --cgroups=split', v2('/system.slice/web.service/runtime')],
    ['conmon of podman 5.8.6, rootless', v2(`${USER}/user.slice/libpod-conmon-CONTAINER.scope`)],
    ['conmon of podman 4.3.1, cgroupfs', v1('/libpod_parent/conmon', { 'name=systemd': SESSION })],
    ['conmon of podman 4.3.1, cgroupfs, in a pod', v1('/libpod_parent/POD/conmon', { 'name=systemd': SESSION })],
    ['conmon of CRI-O 1.37.0', v2(`${SLICE}/crio-conmon-CONTAINER.scope`)],
    ['the agent’s own container, seen from inside', v2('/')],
    ['the host’s first process, seen from a container', v2('/../../../init.scope')],
    ['containerd 2.1.9, ctr, a name that is not an id', v2('/default/web')],
    ['runc 1.1.5 alone, a name that is not an id', runc('/system.slice/runc-web.scope')],
    [
      'systemd-nspawn 252',
      v1('/machine.slice/machine-nsp.scope', { misc: '/', 'name=systemd': '/machine.slice/machine-nsp.scope/payload' }),
    ],
    ['a login', v1(SESSION, { misc: '/' })],
  ] as const) {
    it(`none: ${what}`, (t) => assert.equal(containerIn(t, cgroup), undefined));
  }
});

// No runtime was seen to do this.
describe('what merely resembles an id', () => {
  for (const [what, path] of [
    ['63 digits', `/docker/${IDS.CONTAINER.slice(1)}`],
    ['65 digits', `/docker/${IDS.CONTAINER}0`],
    ['a scope with a long name', `/user.slice/user-1000.slice/app-gnome-${IDS.CONTAINER.slice(0, 40)}-1234.scope`],
  ] as const) {
    it(what, (t) => assert.equal(containerIn(t, v2(path)), undefined));
  }
});

it('no process: no container', () => assert.equal(containerOf('/nonexistent/7'), undefined));
