// SPDX-License-Identifier: Apache-2.0
/** Runs a container of a pod as the kubelet and containerd do it, with runc: the same rights, mounts, namespaces and seccomp profile. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithTests } from '../ends-with-tests.ts';
import type { Manifest } from './helm.ts';

/** What an image says of how it is run. */
export interface Image {
  /** Its root file system. */
  root: string;
  config: { Entrypoint: string[]; Env: string[] };
}

export interface Node {
  name: string;
  ip: string;
  /** Where its kubelet looks for seccomp profiles. */
  seccompProfiles: string;
  /** The command that adds the profile RuntimeDefault to a runtime specification. */
  defaultSeccomp: string;
}

/** A running container, and what it prints. */
export class Container {
  stdout = '';
  stderr = '';
  readonly finished: Promise<{ code: number | null; stdout: string; stderr: string }>;
  readonly #id = `compactstall-test-${process.pid}-${Date.now()}`;
  readonly #bundle = mkdtempSync(join(tmpdir(), 'compactstall-container-'));
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(pod: Manifest, image: Image, node: Node) {
    writeFileSync(`${this.#bundle}/config.json`, JSON.stringify(specOf(pod, image, node)));
    const child = endsWithTests(
      spawn('runc', ['run', '--bundle', this.#bundle, this.#id], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    child.stdout!.setEncoding('utf8').on('data', (text) => this.#add('stdout', text));
    child.stderr!.setEncoding('utf8').on('data', (text) => this.#add('stderr', text));
    const kill = () => this.#runc('delete', '--force', this.#id);
    process.once('exit', kill);
    this.finished = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#ended = true;
        process.off('exit', kill);
        rmSync(this.#bundle, { recursive: true });
        for (const check of this.#waiting) check();
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Resolves when the condition holds. Rejects with the output when the container ends before. */
  async until(condition: () => boolean): Promise<void> {
    const held = new Promise<void>((resolve) => {
      const check = () => {
        if (condition()) resolve();
      };
      this.#waiting.add(check);
      check();
    });
    const ended = this.finished.then(({ code }) => {
      if (!condition()) throw new Error(`the container ended (${code}) too early:\n${this.stdout}\n${this.stderr}`);
    });
    await Promise.race([held, ended]);
  }

  /** The pid of its first process, as this host sees it. */
  pid(): number {
    return JSON.parse(execFileSync('runc', ['state', this.#id], { encoding: 'utf8' })).pid;
  }

  /** What another command in it prints, as with `kubectl exec`. */
  exec(...command: string[]): string {
    return spawnSync('runc', ['exec', this.#id, ...command], { encoding: 'utf8' }).stdout;
  }

  async stop() {
    if (!this.#ended) this.#runc('kill', this.#id, 'TERM');
    return this.finished;
  }

  #runc(...words: string[]): void {
    execFileSync('runc', words, { stdio: 'ignore' });
  }

  #add(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    for (const check of [...this.#waiting]) check();
  }
}

/** The runtime specification (https://github.com/opencontainers/runtime-spec) that the pod stands for. */
function specOf(pod: Manifest, { root, config }: Image, node: Node): object {
  const container = pod.containers[0];
  const { securityContext, resources } = container;
  const capabilities = securityContext.capabilities.add.map((name: string) => `CAP_${name}`);
  const spec = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: securityContext.runAsUser, gid: 0 },
      args: [...config.Entrypoint, ...container.args],
      env: [...config.Env, ...environmentOf(container, node)],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: !securityContext.allowPrivilegeEscalation,
    },
    root: { path: root, readonly: securityContext.readOnlyRootFilesystem },
    mounts: [...MOUNTS, ...volumesOf(pod, container)],
    linux: {
      // A pod has namespaces for what is not the host's.
      namespaces: [
        ...['mount', 'ipc', 'cgroup'],
        ...(pod.hostPID ? [] : ['pid']),
        ...(pod.hostNetwork ? [] : ['network', 'uts']),
      ].map((type) => ({ type })),
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        memory: { limit: Number(/^(\d+)Mi$/.exec(resources.limits.memory)![1]) * 2 ** 20 },
      },
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
    },
  };
  return withSeccomp(spec, securityContext.seccompProfile, node);
}

function withSeccomp(spec: { linux: object }, profile: Manifest, { seccompProfiles, defaultSeccomp }: Node): object {
  if (profile.type === 'Unconfined') return spec;
  if (profile.type === 'Localhost') {
    const seccomp = JSON.parse(readFileSync(join(seccompProfiles, profile.localhostProfile), 'utf8'));
    return { ...spec, linux: { ...spec.linux, seccomp } };
  }
  return JSON.parse(execFileSync(defaultSeccomp, { input: JSON.stringify(spec), encoding: 'utf8' }));
}

/** The variables with their values; $(NAME) stands for one of those before. */
function environmentOf(container: Manifest, { name, ip }: Node): string[] {
  const fields: Readonly<Record<string, string>> = { 'spec.nodeName': name, 'status.hostIP': ip };
  const known = new Map<string, string>();
  for (const { name: variable, value, valueFrom } of container.env) {
    const text: string = valueFrom ? fields[valueFrom.fieldRef.fieldPath] : value;
    known.set(
      variable,
      text.replaceAll(/\$\((\w+)\)/g, (all, other) => known.get(other) ?? all),
    );
  }
  return [...known].map((pair) => pair.join('='));
}

const volumesOf = (pod: Manifest, container: Manifest) =>
  container.volumeMounts.map(({ name, mountPath, readOnly }: Manifest) => ({
    destination: mountPath,
    type: 'bind',
    source: pod.volumes.find((volume: Manifest) => volume.name === name).hostPath.path,
    options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'],
  }));

/** What containerd mounts in each container, hides and protects there. */
const MOUNTS = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
];
const MASKED = [
  ...['acpi', 'asound', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug', 'scsi'].map(
    (name) => `/proc/${name}`,
  ),
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READ_ONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`);
