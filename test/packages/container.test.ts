// SPDX-License-Identifier: Apache-2.0
// The image's files in a container with exactly what the Helm chart asks for: rights, profiles, mounts, probes.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { freePorts } from '../../harness/child.ts';
import { Container, type Image } from '../../harness/kubernetes/container.ts';
import { ensureHelm, manifestsOf } from '../../harness/kubernetes/helm.ts';
import { childrenOf } from '../../harness/processes.ts';
import { type Receiver, startReceiver } from '../../harness/receivers/test-agent.ts';
import { commandOf, makeRoot } from '../../packaging/image/root.ts';
import type { Check } from '../../src/doctor/check.ts';
import { parseLines } from '../support/agent.ts';
import { NOBODY, rightsOf, rightsOfThreads } from '../support/rights.ts';
import { Shell, ZONES } from '../support/shell.ts';

const CHART = fileURLToPath(new URL('../../packaging/chart', import.meta.url));
const { securityContext } = parse(readFileSync(`${CHART}/values.yaml`, 'utf8'));
const CAPABILITIES: readonly string[] = securityContext.capabilities.add;
const DEADLINE_MS = 60_000;

const helm = ensureHelm();
const temporary = mkdtempSync(join(tmpdir(), 'compactstall-containers-'));
let image: Image;
let receiver: Receiver;
let metrics: number;
before(async () => {
  const root = join(temporary, 'root');
  makeRoot('amd64', root);
  const { Entrypoint, Env } = commandOf(root);
  image = { root, config: { Entrypoint, Env } };
  receiver = await startReceiver();
  [metrics] = (await freePorts(1)) as [number];
});
after(async () => {
  await receiver.stop();
  rmSync(temporary, { recursive: true });
});

/** Starts the pod of the chart, with other values than by default. */
function start(t: TestContext, others: object = {}): Container {
  const values = join(temporary, 'values.yaml');
  const collector = { endpoint: receiver.endpoint };
  const settings = { image: { repository: 'none' }, collector, metrics: { port: metrics }, options: ['-o', 'json'] };
  writeFileSync(values, JSON.stringify({ ...settings, ...others }));
  const { status, stdout, stderr } = helm.run(['template', 'compactstall', CHART, '--values', values]);
  assert.equal(status, 0, stderr);
  const pod = manifestsOf(stdout).find(({ kind }) => kind === 'DaemonSet')!.spec.template.spec;
  const node = { name: 'node-1', ip: '127.0.0.1', seccompProfiles: CHART, defaultSeccomp: helm.seccomp };
  const container = new Container(pod, image, node);
  t.after(() => container.stop());
  return container;
}

const attached = (container: Container) => container.until(() => container.stderr.includes(' attached ('));

/** The events of a stall of a process of this host. */
async function stallOf(container: Container, shell: Shell) {
  const events = () => parseLines(container.stdout.slice(0, container.stdout.lastIndexOf('\n') + 1));
  const own = () => events().filter(({ pid }) => pid === shell.pid);
  const before = own().length;
  await shell.stall();
  await container.until(() => own().length === before + ZONES);
  return own()[before]!;
}

const seccompOf = (pid: number) => /^Seccomp:\s*(\d)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1];
const probe = async (path: string) => (await fetch(`http://127.0.0.1:${metrics}${path}`)).status;

describe('the pod of the chart', () => {
  it('sends a stall of a process of the node, with its service, its pid and symbols, and what names the node', async (t) => {
    receiver.clear();
    const shell = new Shell();
    const container = start(t);
    await attached(container);
    const event = await stallOf(container, shell);
    assert.equal(event.resource!['service.name'], 'shop');
    const { code, stderr } = await container.stop();
    assert.equal(code, 0, stderr);
    const spans = await receiver.waitForSpans(ZONES, DEADLINE_MS);
    const { resource, attributes, events } = spans.find(({ attributes: a }) => a['process.pid'] === shell.pid)!;
    assert.equal(resource['service.name'], 'shop');
    assert.equal(resource['host.name'], hostname());
    assert.equal(resource['host.id'], readFileSync('/etc/machine-id', 'utf8').trim());
    assert.equal(resource['k8s.node.name'], 'node-1');
    assert.equal(attributes['compaction.trigger'], 'manual');
    assert.match(String(events[0]!.attributes['code.stacktrace']), /compact_zone\+0x/);
  });

  it('answers the probes of the kubelet', async (t) => {
    const container = start(t);
    await attached(container);
    await container.until(() => container.stderr.includes('metrics are at'));
    assert.deepEqual([await probe('/healthz'), await probe('/readyz')], [200, 200]);
  });

  for (const type of ['RuntimeDefault', 'Localhost']) {
    it(`seccompProfile ${type}: in force in each process, as are a read-only root and the least rights`, async (t) => {
      const seccompProfile = { type, ...(type === 'Localhost' && { localhostProfile: 'seccomp.json' }) };
      const shell = new Shell();
      const collector = { endpoint: receiver.httpEndpoint, protocol: 'http/protobuf' };
      const container = start(t, { securityContext: { seccompProfile }, collector });
      await attached(container);
      const { stack, resource } = await stallOf(container, shell);
      assert.equal(resource!['service.name'], 'shop');
      assert.match(stack[0]!, /compact_zone\+0x/);
      const agent = container.pid();
      const [supervisor] = childrenOf(agent);
      const [prober] = childrenOf(supervisor!);
      for (const pid of [agent, supervisor!, prober!]) {
        assert.equal(seccompOf(pid), '2');
        assert.ok(rightsOf(`/proc/${pid}/status`).noNewPrivileges);
        const [, options] = /^\d+ \d+ \S+ \S+ \/ (\S+) /m.exec(readFileSync(`/proc/${pid}/mountinfo`, 'latin1'))!;
        assert.match(options!, /^ro\b/);
      }
      for (const { uids, permitted } of rightsOfThreads(agent)) {
        assert.deepEqual({ uids, permitted }, { uids: Array(4).fill(NOBODY), permitted: 0n });
      }
      const { checks } = JSON.parse(container.exec('compactstall', 'doctor', '--json'));
      assert.deepEqual(
        checks.filter(({ status }: Check) => status === 'fail'),
        [],
      );
      // The agent has the port.
      assert.match(checks.find(({ id }: Check) => id === 'metrics').why, /an agent that runs already serves them/);
      const { code, stderr } = await container.stop();
      assert.equal(code, 0, stderr);
    });
  }

  it('a profile without bpf(2): exit code 3, and the message names seccomp', async (t) => {
    const profile = JSON.parse(readFileSync(`${CHART}/seccomp.json`, 'utf8'));
    profile.syscalls[0].names = profile.syscalls[0].names.filter((name: string) => name !== 'bpf');
    writeFileSync(join(temporary, 'without-bpf.json'), JSON.stringify(profile));
    const localhostProfile = relative(CHART, join(temporary, 'without-bpf.json'));
    const container = start(t, { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } } });
    const { code, stderr } = await container.finished;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /a seccomp filter is in force\. .*Kubernetes/);
  });
});

/** What happens without each capability of the chart. Its values, and docs/deploy.md, say the same. */
const WITHOUT: Readonly<Record<string, (container: Container) => Promise<void>>> = {
  BPF: (container) => ends(container, /CAP_BPF is missing/),
  PERFMON: (container) => ends(container, /CAP_PERFMON is missing/),
  SYSLOG: async (container) => {
    const { stack } = await stallOf(container, new Shell());
    assert.match(stack[0]!, /^0x/);
  },
  SYS_PTRACE: async (container) => {
    const { resource } = await stallOf(container, new Shell());
    assert.equal(resource!['service.name'], 'unknown_service:sh');
  },
  DAC_READ_SEARCH: async (container) => {
    const { resource } = await stallOf(container, new Shell());
    assert.equal(resource!['service.name'], 'unknown_service:dash');
  },
  // No library was replaced.
  CHECKPOINT_RESTORE: async (container) => {
    const { resource } = await stallOf(container, new Shell());
    assert.equal(resource!['service.name'], 'shop');
  },
  SETUID: staysRoot,
  SETGID: staysRoot,
};

async function ends(container: Container, message: RegExp): Promise<void> {
  const { code, stderr } = await container.finished;
  assert.equal(code, 3, stderr);
  assert.match(stderr, message);
}

async function staysRoot(container: Container): Promise<void> {
  await attached(container);
  const { uids, permitted } = rightsOf(`/proc/${container.pid()}/status`);
  assert.deepEqual({ uids, permitted }, { uids: [0, 0, 0, 0], permitted: 0n });
  assert.match(container.stderr, /stays root, but has given up its capabilities/);
}

describe('without one of the capabilities of the chart', () => {
  it('each has a test', () => assert.deepEqual(Object.keys(WITHOUT).sort(), [...CAPABILITIES].sort()));

  for (const [name, check] of Object.entries(WITHOUT)) {
    it(`${name}: what its values say`, async (t) => {
      const add = CAPABILITIES.filter((other) => other !== name);
      const container = start(t, { securityContext: { capabilities: { add } } });
      if (!['BPF', 'PERFMON'].includes(name)) await attached(container);
      await check(container);
    });
  }
});
