// SPDX-License-Identifier: Apache-2.0
/** The checks that read one file each. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { btf } from '../../../src/doctor/btf.ts';
import { cgroup } from '../../../src/doctor/cgroup.ts';
import { container } from '../../../src/doctor/container.ts';
import { install } from '../../../src/doctor/install.ts';
import { kernel } from '../../../src/doctor/kernel.ts';
import { lockdown } from '../../../src/doctor/lockdown.ts';
import { mountPoints, securityfs } from '../../../src/doctor/mounts.ts';
import { ptraceScopeCheck } from '../../../src/doctor/ptrace.ts';
import { kptrRestrict, perfEventParanoid, unprivilegedBpfDisabled } from '../../../src/doctor/sysctls.ts';
import { tracefs } from '../../../src/doctor/tracefs.ts';
import { vmstat } from '../../../src/doctor/vmstat.ts';
import { NO_FOREIGN_MEMORY } from '../../../src/host/ptrace-scope.ts';
import { KernelSymbols } from '../../../src/kernel/symbols.ts';
import { folderWith, MOUNTS, ODD_TEXTS } from './host-files.ts';

const NOWHERE = '/nonexistent/file';
const COVERED = () => ({ why: 'covered', todo: 'uncover it.' });
const SEEN = () => undefined;
const file = (t: TestContext, text: string) => folderWith(t, { file: text })('file');

describe('lockdown', () => {
  const found = (t: TestContext, text: string, mounts: string = MOUNTS.debian12) => {
    const at = folderWith(t, { lockdown: text, mounts });
    return lockdown({ lockdown: at('lockdown'), mountinfo: at('mounts') });
  };

  it('none and integrity are ok', (t) => {
    assert.equal(found(t, '[none] integrity confidentiality\n').status, 'ok');
    assert.equal(found(t, 'none [integrity] confidentiality\n').status, 'ok');
  });

  it('confidentiality is a warning with advice: attach shows whether programs load', (t) => {
    const check = found(t, 'none integrity [confidentiality]\n');
    assert.equal(check.status, 'warn');
    assert.match(check.why, /forbids probe reads/);
    assert.match('todo' in check ? check.todo : '', /lockdown=integrity/);
  });

  it('without securityfs it is unknown', (t) => {
    const mountinfo = file(t, MOUNTS.none);
    assert.match(lockdown({ lockdown: NOWHERE, mountinfo }, SEEN).why, /^unknown: securityfs is not mounted/);
  });

  it('a kernel without lockdown', (t) => {
    const mountinfo = file(t, MOUNTS.debian12);
    assert.match(lockdown({ lockdown: NOWHERE, mountinfo }, SEEN).why, /reports no lockdown/);
    assert.match(lockdown({ lockdown: NOWHERE, mountinfo }, COVERED).why, /^unknown: .* is hidden from this process/);
  });

  for (const text of ODD_TEXTS) {
    it(`odd contents ${JSON.stringify(text)}`, (t) => assert.equal(found(t, text, text).status, 'ok'));
  }
});

describe('mounts', () => {
  it('securityfs: where, or missing', (t) => {
    assert.match(securityfs(file(t, MOUNTS.debian12)).why, /^mounted at \/sys\/kernel\/security;/);
    assert.match(securityfs(file(t, MOUNTS.none)).why, /^not mounted;/);
  });

  it('what cannot be read is unknown, not absent; an empty file is a mask', (t) => {
    for (const mountinfo of [NOWHERE, file(t, '')]) {
      assert.equal(mountPoints('cgroup2', mountinfo), undefined);
      assert.match(securityfs(mountinfo).why, /^unknown whether it is mounted: .* cannot be read;/);
      assert.match(tracefs(mountinfo, () => 'btf').why, /^unknown whether it is mounted: .* cannot be read; on this/);
      assert.match(
        tracefs(mountinfo, () => 'nowhere').why,
        /^unknown .* cannot be read: GFP flags are shown as numbers/,
      );
      assert.match(cgroup(mountinfo, file(t, '0::/\n')).why, /^unknown: .* cannot be read\.$/);
      assert.match(lockdown({ lockdown: NOWHERE, mountinfo }, SEEN).why, /^unknown: .* cannot be read; attach shows/);
    }
  });

  for (const [mounts, gfpNames, status, why] of [
    ['none', 'btf', 'ok', /^not mounted; on this kernel the names of GFP flags do not need it\.$/],
    [
      'debian12',
      'btf',
      'ok',
      /^mounted at \/sys\/kernel\/tracing; on this kernel the names of GFP flags do not need it\.$/,
    ],
    ['debian12', 'tracefs', 'ok', /^mounted at .*; it provides the names of GFP flags\.$/],
    ['debian12', 'nowhere', 'warn', /^mounted at .*, but cannot be read: GFP flags/],
    ['none', 'nowhere', 'warn', /^not mounted: GFP flags/],
  ] as const) {
    it(`tracefs: ${mounts}, names of GFP flags from ${gfpNames}`, (t) => {
      const found = tracefs(file(t, MOUNTS[mounts]), () => gfpNames);
      assert.equal(found.status, status);
      assert.match(found.why, why);
    });
  }

  it('reads a blank in a path', (t) => {
    assert.deepEqual(mountPoints('cgroup2', file(t, MOUNTS.blank)), ['/mnt/my cgroups']);
  });

  for (const text of [...ODD_TEXTS.filter((text) => text !== ''), ' - cgroup2', '1 2 3 4 - cgroup2 x y']) {
    it(`odd contents ${JSON.stringify(text)} mount nothing`, (t) => {
      assert.deepEqual(mountPoints('cgroup2', file(t, text)), []);
    });
  }
});

describe('cgroup', () => {
  const V1 = '4:memory:/docker/1\n1:name=systemd:/docker/1\n';
  for (const [what, mounts, own, status, why] of [
    ['version 2', 'debian12', '0::/init.scope\n', 'ok', /^version 2 at \/sys\/fs\/cgroup;/],
    ['hybrid', 'hybrid', `${V1}0::/\n`, 'ok', /^version 1, and version 2 at \/sys\/fs\/cgroup\/unified;/],
    [
      'hybrid, in a container',
      'version1',
      `${V1}0::/\n`,
      'ok',
      /^version 1, and version 2, which is not mounted here:/,
    ],
    ['version 1', 'version1', V1, 'warn', /^version 1 only: all records carry the id of the root cgroup/],
    ['none', 'none', '0::/\n', 'ok', /^not mounted:/],
  ] as const) {
    it(what, (t) => {
      const found = cgroup(file(t, MOUNTS[mounts]), file(t, own));
      assert.equal(found.status, status);
      assert.match(found.why, why);
    });
  }

  it('version 1, and who knows what else', (t) => {
    assert.match(cgroup(file(t, MOUNTS.version1), NOWHERE).why, /unknown whether version 2 is in use/);
  });
});

describe('container', () => {
  /** A container of that runtime, on a kernel without PID namespaces: all pids are the host's. */
  const places = (t: TestContext, env: NodeJS.ProcessEnv, files: Readonly<Record<string, string>> = {}) => {
    const at = folderWith(t, { 'proc/self/status': 'Name:\tnode\n', ...files });
    return { root: at(), proc: at('proc'), env };
  };
  const found = (where: ReturnType<typeof places>) => container(where.proc, where);

  it('a host', (t) => {
    const where = places(t, {}, { 'proc/self/cgroup': '0::/user.slice/user-0.slice/session-1.scope\n' });
    assert.deepEqual(found(where), { status: 'ok', why: 'a host: no sign of a container.' });
  });

  for (const [what, files, env, mark] of [
    ['docker', { '.dockerenv': '' }, {}, '/.dockerenv'],
    ['podman', { 'run/.containerenv': '' }, {}, '/run/.containerenv'],
    ['systemd-nspawn', {}, { container: 'systemd-nspawn' }, 'container=systemd-nspawn'],
    [
      'Kubernetes',
      { 'proc/self/cgroup': '0::/kubepods.slice/x.slice/cri-containerd-1.scope\n' },
      {},
      'cgroup of kubepods',
    ],
  ] as const) {
    it(`${what}, with the host's PIDs`, (t) => {
      assert.deepEqual(found(places(t, env, files)), {
        status: 'ok',
        why: `a container (${mark}) with the host's PIDs.`,
      });
    });
  }

  /** Its /proc shows the pids of a namespace that is not the first. */
  const inNamespace = (t: TestContext, env: NodeJS.ProcessEnv, self: string) => {
    const at = folderWith(t, { [`proc/${self}/status`]: `NSpid:\t${self}\n`, [`proc/${self}/ns/pid`]: '' });
    symlinkSync(self, at('proc/self'));
    return { root: at(), proc: at('proc'), env };
  };

  it("a container's own PIDs: share the host's", (t) => {
    const { status, why, ...rest } = found(inNamespace(t, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, '1'));
    assert.equal(status, 'warn');
    assert.match(why, /shows the pids of one PID namespace, .* processes outside of it have pid 0/);
    assert.match('todo' in rest ? rest.todo : '', /--pid=host.*hostPID/);
  });

  for (const [what, env, self] of [
    ['WSL or LXC, where init is the first process', { container: 'lxc' }, '312'],
    ["kind, whose node is a container, with the node's PIDs", { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, '312'],
    ['unshare', {}, '1'],
  ] as const) {
    it(`${what}: nothing is said of hostPID`, (t) => {
      const finding = found(inNamespace(t, env, self));
      assert.equal(finding.status, 'warn');
      assert.match('todo' in finding ? finding.todo : '', /^To see those too, run it in the first PID namespace/);
    });
  }

  it('pids of nobody knows whom', (t) => {
    const finding = found(places(t, {}, { 'proc/self/status': 'NSpid:\t312\t4\n', 'proc/1/status': '' }));
    assert.match(finding.why, /^it cannot be known whose pids .*proc shows/);
    assert.match('todo' in finding ? finding.todo : '', /CAP_SYS_PTRACE/);
  });
});

describe('settings', () => {
  const shown = 'ffffffff81000000 T _stext\n';
  const hidden = '0000000000000000 T _stext\n0000000000000000 T _text\n';
  const symbols = (t: TestContext, text: string) => new KernelSymbols({ kallsyms: file(t, text), modules: NOWHERE });

  /** In the kernel's first user namespace. */
  const OURS = { inUserNamespace: false };

  it('kptr_restrict in a user namespace has its reason, not that of a capability', (t) => {
    const found = kptrRestrict(file(t, '0\n'), symbols(t, hidden), { inUserNamespace: true, hidden: SEEN });
    assert.ok(found.status === 'warn');
    assert.match(found.todo, /^Run it in the host's user namespace: /);
  });

  it('kptr_restrict, by trying', (t) => {
    assert.deepEqual(kptrRestrict(file(t, '1\n'), symbols(t, shown)), {
      status: 'ok',
      why: "1: this process sees the kernel's symbols.",
    });
    for (const [value, lacksSyslog, todo] of [
      ['2', false, 'Set kernel.kptr_restrict to 0 or 1.'],
      ['2', true, 'Grant CAP_SYSLOG, and set kernel.kptr_restrict to 0 or 1.'],
      ['1', true, 'Grant CAP_SYSLOG.'],
      ['1', false, 'The reason is not known: CAP_SYSLOG is effective, and kernel.kptr_restrict is 1.'],
    ] as const) {
      assert.deepEqual(
        kptrRestrict(file(t, `${value}\n`), symbols(t, hidden), { ...OURS, lacksSyslog, hidden: SEEN }),
        {
          status: 'warn',
          why: `${value}: the kernel hides its symbols from this process: stacks show addresses.`,
          todo,
        },
      );
    }
  });

  it('symbols behind a mask have its reason, not that of a capability', (t) => {
    const found = kptrRestrict(file(t, '1\n'), symbols(t, ''), { lacksSyslog: true, hidden: COVERED });
    assert.deepEqual(found, {
      status: 'warn',
      why: '1: /proc/kallsyms cannot be read: covered. Stacks show addresses.',
      todo: 'uncover it.',
    });
  });

  const has = (t: TestContext, ...bits: number[]) => {
    const effective = bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    const status = file(t, `CapEff:\t${effective.toString(16)}\n`);
    return { status, lastCapability: NOWHERE, userNamespace: NOWHERE };
  };
  const [SYS_ADMIN, PERFMON, BPF] = [21, 38, 39];

  it('perf_event_paranoid: what holds for this process', (t) => {
    const found = (value: string, ...bits: number[]) => perfEventParanoid(file(t, `${value}\n`), has(t, ...bits), 1000);
    for (const value of ['-1', '0', '1', '2']) {
      assert.deepEqual(found(value, PERFMON), {
        status: 'ok',
        why: `${value}: it does not matter, as this process has CAP_PERFMON.`,
      });
      assert.match(found(value, SYS_ADMIN).why, /it does not matter, as this process has CAP_SYS_ADMIN\.$/);
      assert.match(found(value).why, /it matters as long as this process lacks CAP_PERFMON: see capabilities\.$/);
    }
    for (const value of ['3', '4']) {
      assert.deepEqual(found(value, SYS_ADMIN), {
        status: 'ok',
        why: `${value}: it does not matter, as this process has CAP_SYS_ADMIN.`,
      });
      assert.deepEqual(found(value, PERFMON), {
        status: 'warn',
        why: `${value}: with this value, Debian's kernels require CAP_SYS_ADMIN for kprobes: publications by processes are missed, and the kprobe plan is not available.`,
        todo: 'Set kernel.perf_event_paranoid=2, or start as root: the agent gives root up once everything is attached.',
      });
    }
  });

  it('unprivileged_bpf_disabled: what holds for this process', (t) => {
    const found = (...bits: number[]) => unprivilegedBpfDisabled(file(t, '2\n'), has(t, ...bits));
    assert.deepEqual(found(BPF), { status: 'ok', why: '2: it does not matter, as this process has CAP_BPF.' });
    assert.match(found().why, /^2: it matters as long as this process lacks CAP_BPF/);
  });

  it('ptrace_scope: only 3 closes the memory of others to everybody', (t) => {
    for (const value of ['0', '1', '2']) assert.equal(ptraceScopeCheck(file(t, `${value}\n`)).status, 'ok');
    assert.deepEqual(ptraceScopeCheck(file(t, '3\n')), {
      status: 'warn',
      why: NO_FOREIGN_MEMORY.why,
      todo: NO_FOREIGN_MEMORY.todo,
    });
    assert.match(ptraceScopeCheck(NOWHERE, SEEN).why, /no Yama/);
    assert.match(ptraceScopeCheck(NOWHERE, COVERED).why, /^unknown: /);
  });

  for (const text of ODD_TEXTS.filter((text) => !/^\d+$/.test(text))) {
    it(`odd contents ${JSON.stringify(text)} are unknown`, (t) => {
      assert.match(kptrRestrict(file(t, text), symbols(t, text), { hidden: SEEN }).why, /^unknown: /);
      assert.match(perfEventParanoid(file(t, text)).why, /^unknown: /);
      assert.match(unprivilegedBpfDisabled(file(t, text)).why, /^unknown: /);
    });
  }

  it('missing files are unknown', () => {
    assert.match(perfEventParanoid(NOWHERE).why, /^unknown: /);
    assert.match(unprivilegedBpfDisabled(NOWHERE).why, /^unknown: /);
  });
});

describe('vmstat', () => {
  const COUNTERS = `nr_free_pages 351094
compact_migrate_scanned 5972990
compact_free_scanned 2415209
compact_isolated 24403986
compact_stall 1096
compact_fail 91
compact_success 1005
`;

  it('shows the counters since boot', (t) => {
    assert.deepEqual(vmstat(file(t, COUNTERS)), {
      status: 'ok',
      why: 'since boot compact_stall 1096 (success 1005, fail 91), migrate_scanned 5972990, free_scanned 2415209.',
    });
  });

  it('without the counters: a warning, as --verify is not possible', (t) => {
    const path = file(t, 'nr_free_pages 351094\n');
    assert.deepEqual(vmstat(path), {
      status: 'warn',
      why: `${path} has no compact_migrate_scanned.`,
      todo: '--verify needs a kernel built with CONFIG_COMPACTION=y.',
    });
  });

  it('without /proc, or with a mask over it: not a kernel without compaction', (t) => {
    assert.deepEqual(vmstat(NOWHERE), {
      status: 'warn',
      why: `${NOWHERE} cannot be read: no such file or directory.`,
      todo: "--verify needs it: let this process see the host's /proc.",
    });
    assert.match(vmstat(file(t, '')).why, /cannot be read: it is empty, as something is mounted over it\.$/);
  });

  it('only some of them', (t) => {
    const some = 'compact_migrate_scanned 1\ncompact_free_scanned 2\n';
    assert.match(vmstat(file(t, some)).why, /compact_stall unknown \(success unknown, fail unknown\)/);
  });
});

describe('kernel, BTF, installation', () => {
  it('shows the release, and a kernel without compaction', (t) => {
    const release = file(t, '5.14.0-427.13.1.el9_4.x86_64\n');
    assert.match(
      kernel({ release, compaction: release }).why,
      /^Linux 5\.14\.0-427\.13\.1\.el9_4\.x86_64 on \w+, with/,
    );
    const without = kernel({ release, compaction: NOWHERE }, SEEN);
    assert.equal(without.status, 'warn');
    const unknown = kernel({ release: NOWHERE, compaction: NOWHERE }, COVERED);
    assert.equal(unknown.status, 'ok');
    assert.match(unknown.why, /^Linux \d.*; whether it has memory compaction is unknown: .* covered\.$/);
  });

  it('a kernel that does not describe its types fails', (t) => {
    const found = (path: string, hidden: typeof COVERED | typeof SEEN) => btf(path, hidden);
    assert.equal(found(NOWHERE, SEEN).status, 'fail');
    assert.match(found(NOWHERE, SEEN).why, /^this kernel does not describe its types/);
    assert.match(found(NOWHERE, COVERED).why, /^this process does not see the kernel's types: .* covered\.$/);
    for (const text of ODD_TEXTS) assert.match(found(file(t, text), SEEN).why, /cannot be read as BTF/);
  });

  it('a Node.js that is too old fails, and the required version is named', async () => {
    for (const version of ['20.19.0', '22.14.9']) {
      const found = await install(version);
      assert.equal(found.status, 'fail');
      assert.match(found.why, /^Node\.js is \S+; 22\.15 or later is needed\.$/);
    }
    for (const version of ['22.15.0', '24.0.0', '100.0.0-nightly'])
      assert.doesNotMatch((await install(version)).why, /is needed/);
  });
});
