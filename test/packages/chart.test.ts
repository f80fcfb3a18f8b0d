// SPDX-License-Identifier: Apache-2.0
// The Helm chart, rendered by Helm, against the API of Kubernetes.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { ensureHelm, type Manifest, manifestsOf } from '../../harness/kubernetes/helm.ts';
import { RUN_BY } from '../support/documented-commands.ts';

const CHART = fileURLToPath(new URL('../../packaging/chart', import.meta.url));
const EXAMPLES = globSync(`${CHART}/ci/*.yaml`).sort();
const LOCAL = `${CHART}/ci/node-local-values.yaml`;
const GATEWAY = `${CHART}/ci/gateway-values.yaml`;
const EVERYTHING = `${CHART}/ci/everything-values.yaml`;
const DEFAULTS = parse(readFileSync(`${CHART}/values.yaml`, 'utf8'));

const helm = ensureHelm();
const temporary = mkdtempSync(join(tmpdir(), 'compactstall-chart-'));
after(() => rmSync(temporary, { recursive: true }));

const template = (values: string, ...args: string[]) =>
  helm.run(['template', 'compactstall', CHART, '--namespace', 'monitoring', '--values', values, ...args]);

/** What is installed with these values, and with others over them. */
function render(values: string, others: object = {}): { daemonSet: Manifest; account: Manifest } {
  const file = join(temporary, 'values.yaml');
  writeFileSync(file, JSON.stringify(others));
  const { status, stdout, stderr } = template(values, '--values', file);
  assert.equal(status, 0, stderr);
  const manifests = manifestsOf(stdout);
  const [daemonSet, account] = ['DaemonSet', 'ServiceAccount'].map((kind) => manifests.find((m) => m.kind === kind));
  assert.ok(daemonSet && account && manifests.length === 2, stdout);
  return { daemonSet, account };
}

const podOf = ({ daemonSet }: { daemonSet: Manifest }) => daemonSet.spec.template.spec;
const containerOf = (rendered: { daemonSet: Manifest }) => podOf(rendered).containers[0];
/** The variables of the container that have a value. */
const variables = (rendered: { daemonSet: Manifest }): Record<string, string> =>
  Object.fromEntries(
    containerOf(rendered).env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );

for (const values of EXAMPLES) {
  describe(basename(values), () => {
    it('passes helm lint --strict', () => {
      const { status, stdout, stderr } = helm.run(['lint', '--strict', CHART, '--values', values]);
      assert.equal(status, 0, stdout + stderr);
    });

    it('makes what the API of Kubernetes takes', () => {
      for (const manifest of Object.values(render(values))) assert.deepEqual(helm.errorsOf(manifest), []);
    });
  });
}

describe('the judgement of the API', () => {
  const broken = (change: (container: Manifest) => void) => {
    const rendered = render(LOCAL);
    change(containerOf(rendered));
    return helm.errorsOf(rendered.daemonSet).map(({ instancePath, message }) => `${instancePath}: ${message}`);
  };
  const CONTAINER = '/spec/template/spec/containers/0';

  it('finds a misspelt field, a wrong type and a missing field', () => {
    assert.deepEqual(
      broken((container) => Object.assign(container.securityContext, { readOnlyRootFileSystem: true })),
      [`${CONTAINER}/securityContext: must NOT have additional properties`],
    );
    assert.deepEqual(
      broken((container) => Object.assign(container, { args: '-o otlp' })),
      [`${CONTAINER}/args: must be array`],
    );
    assert.deepEqual(
      broken((container) => Object.assign(container, { name: undefined })),
      [`${CONTAINER}: must have required property 'name'`],
    );
  });
});

it('the command of the documents renders it', () => {
  const command = Object.keys(RUN_BY).find((name) => name.startsWith('helm template '))!;
  const [, ...words] = command.replace(/ > .*/, '').replace('packaging/chart', CHART).split(' ');
  const { status, stdout, stderr } = helm.run(words);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, template(LOCAL, '--set', 'image.repository=REGISTRY/compactstall').stdout);
});

describe('by default', () => {
  it('the container is not privileged, and has the security context of the values', () => {
    const rendered = render(LOCAL);
    assert.deepEqual(containerOf(rendered).securityContext, DEFAULTS.securityContext);
    assert.ok(!('privileged' in containerOf(rendered).securityContext));
    assert.equal(podOf(rendered).hostPID, true);
  });

  it('nothing is granted in the cluster, and no token is mounted', () => {
    const { daemonSet, account } = render(LOCAL);
    assert.equal(account.automountServiceAccountToken, false);
    assert.equal(podOf({ daemonSet }).automountServiceAccountToken, false);
    assert.equal(podOf({ daemonSet }).serviceAccountName, account.metadata.name);
  });

  it('spans go to the node, and probes reach the port that nobody else reaches', () => {
    const rendered = render(LOCAL);
    const { livenessProbe, readinessProbe } = containerOf(rendered);
    const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_PROMETHEUS_HOST } = variables(rendered);
    assert.equal(OTEL_EXPORTER_OTLP_ENDPOINT, 'http://$(NODE_IP):4317');
    assert.equal(OTEL_EXPORTER_PROMETHEUS_HOST, '127.0.0.1');
    assert.deepEqual(livenessProbe.httpGet, { host: '127.0.0.1', path: '/healthz', port: 9464 });
    assert.deepEqual(readinessProbe.httpGet, { host: '127.0.0.1', path: '/readyz', port: 9464 });
  });

  it('only the files of the host that it needs are mounted, and none can be written', () => {
    const { volumes, containers } = podOf(render(LOCAL));
    const paths = ['/sys/kernel/tracing', '/sys/fs/cgroup', '/etc/machine-id'];
    assert.deepEqual(
      volumes.map(({ hostPath }: Manifest) => hostPath.path),
      paths,
    );
    for (const { readOnly } of containers[0].volumeMounts) assert.equal(readOnly, true);
  });
});

describe('with a gateway and without the network of the node', () => {
  it('the name of the node is host.name, headers come from the secret, and probes reach the pod', () => {
    const rendered = render(GATEWAY);
    const { env, livenessProbe, image } = containerOf(rendered);
    const { OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_PROMETHEUS_HOST } = variables(rendered);
    assert.ok(!('hostNetwork' in podOf(rendered)));
    assert.match(OTEL_RESOURCE_ATTRIBUTES!, /,host\.name=\$\(NODE_NAME\)$/);
    assert.equal(OTEL_EXPORTER_PROMETHEUS_HOST, '0.0.0.0');
    assert.deepEqual(livenessProbe.httpGet, { path: '/healthz', port: 9464 });
    assert.deepEqual(env.find(({ name }: Manifest) => name === 'OTEL_EXPORTER_OTLP_HEADERS').valueFrom, {
      secretKeyRef: { name: 'collector-headers', key: 'headers' },
    });
    assert.match(image, /^registry\.example\/compactstall@sha256:/);
  });
});

describe('other values', () => {
  it('without prometheus there are no probes, and without metrics nothing listens', () => {
    const { livenessProbe, readinessProbe } = containerOf(render(EVERYTHING));
    assert.deepEqual([livenessProbe, readinessProbe], [undefined, undefined]);
    const { OTEL_METRICS_EXPORTER, OTEL_EXPORTER_PROMETHEUS_HOST } = variables(
      render(LOCAL, { metrics: { exporters: [] } }),
    );
    assert.deepEqual([OTEL_METRICS_EXPORTER, OTEL_EXPORTER_PROMETHEUS_HOST], ['none', undefined]);
  });

  it('a list replaces the default one, a map is merged with it', () => {
    const { securityContext, args } = containerOf(render(EVERYTHING));
    assert.deepEqual(args, ['-o', 'otlp']);
    assert.ok(securityContext.capabilities.add.includes('SYS_RESOURCE'));
    assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
  });

  it('pin: a folder in the BPF file system of the node, which can be written', () => {
    const rendered = render(LOCAL, { pin: true });
    const { args, volumeMounts } = containerOf(rendered);
    assert.deepEqual(args.slice(0, 4), ['-o', 'otlp', '--pin', '/sys/fs/bpf/compactstall']);
    const [{ name, readOnly }] = volumeMounts.filter(({ mountPath }: Manifest) => mountPath === '/sys/fs/bpf');
    assert.ok(!readOnly);
    const volume = podOf(rendered).volumes.find((one: Manifest) => one.name === name);
    assert.deepEqual(volume.hostPath, { path: '/sys/fs/bpf', type: 'Directory' });
    assert.deepEqual(helm.errorsOf(rendered.daemonSet), []);
  });

  it('two releases do not get in each other’s way', () => {
    const [one, other] = ['one', 'other'].map((release) => {
      const { stdout } = helm.run(['template', release, CHART, '--values', LOCAL]);
      return manifestsOf(stdout).find(({ kind }) => kind === 'DaemonSet')!;
    });
    assert.notEqual(one!.metadata.name, other!.metadata.name);
    assert.notDeepEqual(one!.spec.selector, other!.spec.selector);
  });
});

/** Another value for each one that is neither a switch nor a number; by their paths in values.yaml. */
const OTHERS: Readonly<Record<string, unknown>> = {
  'image.repository': 'other',
  'image.tag': 'other',
  'image.digest': `sha256:${'0'.repeat(64)}`,
  'image.pullPolicy': 'Always',
  imagePullSecrets: [{ name: 'other' }],
  options: ['--trigger', 'direct'],
  'collector.endpoint': 'https://other:4317',
  'collector.protocol': 'http/protobuf',
  'collector.headersSecret.name': 'other',
  // Without a name it is not used.
  'collector.headersSecret.key': undefined,
  'metrics.exporters': ['otlp'],
  'livenessProbe.httpGet.path': '/other',
  'readinessProbe.httpGet.path': '/other',
  extraEnv: [{ name: 'OTHER', value: '1' }],
  extraVolumes: [{ name: 'other', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'tracing', mountPath: '/other' }],
  'securityContext.capabilities.drop': ['NET_RAW'],
  'securityContext.capabilities.add': ['BPF', 'PERFMON'],
  'securityContext.seccompProfile.type': 'Unconfined',
  'securityContext.appArmorProfile.type': 'RuntimeDefault',
  'securityContext.seLinuxOptions.type': 'container_t',
  'resources.requests.cpu': '1',
  'resources.requests.memory': '64Mi',
  'resources.limits.memory': '1Gi',
  priorityClassName: 'system-node-critical',
  'updateStrategy.type': 'OnDelete',
  'nodeSelector.kubernetes.io/os': undefined,
  affinity: { podAffinity: {} },
  tolerations: [],
  'serviceAccount.annotations': { other: '1' },
  podAnnotations: { other: '1' },
  podLabels: { other: '1' },
};

/** The values below one, with the words that lead to them. */
function leaves(value: unknown, path: readonly string[] = []): [path: readonly string[], value: unknown][] {
  const inner = typeof value === 'object' && !Array.isArray(value) ? Object.entries(value!) : [];
  return inner.length > 0 ? inner.flatMap(([name, of]) => leaves(of, [...path, name])) : [[path, value]];
}

it('each value of values.yaml changes what is installed', () => {
  const usual = JSON.stringify(render(LOCAL));
  const known = new Set(Object.keys(OTHERS));
  const idle: string[] = [];
  for (const [path, value] of leaves(DEFAULTS)) {
    const name = path.join('.');
    const listed = known.delete(name);
    const other = typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 1 : OTHERS[name];
    if (listed && other === undefined) continue;
    const others = path.reduceRight<unknown>((inner, word) => ({ [word]: inner }), other) as object;
    if (other === undefined || JSON.stringify(render(LOCAL, others)) === usual) idle.push(name);
  }
  assert.deepEqual(idle, []);
  assert.deepEqual([...known], [], 'values that there are not');
});

describe('bad values', () => {
  const LINES: readonly [string, string, string][] = [
    ['a misspelt name', 'image.taag=1', "at '/image': additional properties 'taag' not allowed"],
    ['a name that there is not', 'privileged=true', "at '': additional properties 'privileged' not allowed"],
    ['privileged', 'securityContext.privileged=true', "at '/securityContext': additional properties 'privileged' not"],
    ['an endpoint without a scheme', 'collector.endpoint=collector:4317', "at '/collector/endpoint': 'collector:4317'"],
    ['a protocol that there is not', 'collector.protocol=http/json', "at '/collector/protocol': value must be one of"],
    ['a capability that it has no use for', 'securityContext.capabilities.add={NET_ADMIN}', 'capabilities/add/0'],
    ['a digest that is none', 'image.digest=latest', "at '/image/digest': 'latest' does not match"],
  ];
  for (const [name, setting, message] of LINES) {
    it(`${name}: helm says where, and what it expects`, () => {
      const { status, stderr } = template(LOCAL, '--set', setting);
      assert.notEqual(status, 0);
      assert.ok(stderr.includes(message), stderr);
    });
  }

  it('no image: the message says that there is no public one, and where to read on', () => {
    const { status, stderr } = helm.run(['template', 'compactstall', CHART]);
    assert.notEqual(status, 0);
    assert.match(stderr, /set image\.repository .*No public registry has one; packaging\/chart\/README\.md says how/);
  });
});
