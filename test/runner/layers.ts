// SPDX-License-Identifier: Apache-2.0
/** The one table of the layers of tests, in the order in which they run. */
import { globSync } from 'node:fs';
import { ensureDebians, missingForDebians } from '../../harness/booted/debian.ts';
import { ensureHelm } from '../../harness/kubernetes/helm.ts';
import { ensureMachines, missingForArm64, missingForMachines } from '../../harness/machine/ensure.ts';
import { ARM64_TESTED } from '../../harness/machine/kernels.ts';
import { ensureNodes, missingForNodes } from '../../harness/node-versions.ts';
import { ensureBackends } from '../../harness/receivers/receivers.ts';
import { ensureReceiver } from '../../harness/receivers/test-agent.ts';
import { ensureZipkin } from '../../harness/receivers/zipkin.ts';
import { ARM64_ROOTS, ensureRoot, ROOTS } from '../../harness/roots/roots.ts';
import { ensureNodeTracer, ensureTracers } from '../../harness/tracers/tracers.ts';
import { ensureInferno } from '../../harness/viewers/inferno.ts';
import { ensureViewers } from '../../harness/viewers/viewers.ts';
import { missingForBrowser } from '../browser/chromium.ts';
import { ensureAutoInstrumentation } from '../register/auto-instrumentation.ts';

export interface Optional {
  file: string;
  /** The reason why it cannot run here, if there is one. */
  missing: () => string | undefined;
}

export interface Layer {
  name: string;
  shows: string;
  /** The time on two quiet cores, once everything is set up. */
  takes: string;
  files: string[];
  /** The word of ./setup.sh that sets it up. */
  setUp: 'unit' | 'test' | 'all';
  /** Live layers compact this machine's memory and count compactions, so they run one file at a time. */
  live: boolean;
  /** Whether a file must load BPF programs and change settings of this host. Default: every file of a live layer. */
  needsHost?: (file: string) => boolean;
  /** The limit of a test file, which only a hang reaches. */
  timeoutMs?: number;
  /** Preparations that take long the first time, and so must not run inside a test with a time limit. */
  prepare?: () => unknown;
  /** The reason why it cannot run here, if there is one. */
  missing?: () => string | undefined;
  /** Files that need what few hosts have, and so never have to run. Asked after the preparations. */
  optional?: readonly Optional[];
}

export const ROOT = new URL('../..', import.meta.url).pathname;
const files = (pattern: string) =>
  globSync(pattern, { cwd: ROOT })
    .sort()
    .map((file) => `${ROOT}${file}`);

/** The layers of `npm test`. */
export const FIRST: readonly Layer[] = [
  {
    name: 'unit',
    shows: 'each part by itself, without root and without a compiler',
    takes: '1 min',
    files: files('test/unit/**/*.test.ts'),
    setUp: 'unit',
    live: false,
  },
  {
    name: 'fuzz',
    shows: 'what comes from outside, whatever it is: a value that is valid, or an error that says what is wrong',
    takes: '15 s',
    files: files('test/fuzz/*.test.ts'),
    setUp: 'unit',
    live: false,
  },
  {
    name: 'built',
    shows: 'what the compilers made: the BPF object, the addon, the services of examples/, setup.sh',
    takes: '10 s',
    files: files('test/built/*.test.ts'),
    setUp: 'test',
    live: false,
  },
  {
    name: 'native',
    shows: 'bpf-loader-native',
    takes: '30 s',
    files: files('native/bpf-loader/test/*.test.ts'),
    setUp: 'test',
    live: true,
  },
  {
    name: 'quick',
    shows: 'the main job, live: exact counts, losses, lifecycle, trace contexts, rights',
    takes: '2 min',
    files: files('test/quick/*.test.ts'),
    setUp: 'test',
    live: true,
  },
  {
    name: 'spans',
    shows: 'spans in a real receiver, and files in real viewers',
    takes: '30 s',
    files: files('test/spans/*.test.ts'),
    setUp: 'test',
    live: true,
    needsHost: (file) => file.endsWith('/live.test.ts'),
    prepare: async () => {
      await ensureReceiver();
      ensureViewers();
    },
  },
];

export const REST: readonly Layer[] = [
  {
    name: 'browser',
    shows:
      'reports and the page of a running agent in Chromium: what they show, by mouse and keyboard; nothing of a process runs, nothing is loaded',
    takes: '2 min',
    files: files('test/browser/*.test.ts'),
    setUp: 'test',
    live: true,
    needsHost: (file) => file.endsWith('/live-page.test.ts'),
    missing: missingForBrowser,
  },
  {
    name: 'sanitizers',
    shows: 'the native parts, watched by AddressSanitizer and UndefinedBehaviorSanitizer',
    takes: '2 min',
    files: files('test/sanitizers/*.test.ts'),
    setUp: 'all',
    live: true,
    timeoutMs: 600_000,
  },
  {
    name: 'kernel',
    shows: 'everything else about stalls of this host',
    takes: '5 min',
    files: files('test/kernel/*.test.ts'),
    setUp: 'all',
    live: true,
    prepare: () => ensureNodes(),
  },
  {
    name: 'backends',
    shows:
      'the OpenTelemetry Collector, Jaeger, Prometheus and inferno, which are built from source the first time (10 to 25 min), and Zipkin',
    takes: '5 min',
    files: files('test/backends/*.test.ts'),
    setUp: 'all',
    live: true,
    prepare: async () => {
      await ensureBackends();
      ensureZipkin();
      ensureInferno();
    },
    optional: [{ file: `${ROOT}test/backends/folded.test.ts`, missing: () => ensureInferno().lacks }],
  },
  {
    name: 'packages',
    shows:
      'what is installed: the npm package in Debian 11, Debian 13 and musl, the Debian package in Debian 12 and 13, manual pages, completion, the image in a container, the Helm chart; Helm is built the first time (5 min)',
    takes: '6 min',
    files: files('test/packages/*.test.ts'),
    setUp: 'all',
    live: true,
    prepare: async () => {
      ensureHelm();
      await ensureReceiver();
      ensureNodes();
      for (const root of [...ROOTS, 'bookworm'] as const) ensureRoot(root);
    },
    missing: missingForNodes,
  },
  {
    name: 'register',
    shows: 'compactstall/register on other versions of Node.js',
    takes: '2 min',
    files: files('test/register/*.test.ts'),
    setUp: 'all',
    live: true,
    prepare: () => {
      ensureNodes();
      ensureAutoInstrumentation();
      ensureNodeTracer();
    },
    missing: missingForNodes,
  },
  {
    name: 'publishers',
    shows: 'stalls of applications whose tracers publish their spans, and what doctor --pid foretells of them',
    takes: '2 min',
    files: files('test/publishers/*.test.ts'),
    setUp: 'all',
    live: true,
    prepare: ensureTracers,
    optional: [{ file: `${ROOT}test/publishers/rust.test.ts`, missing: () => ensureTracers().lacks }],
  },
  {
    name: 'vm',
    shows: 'five kernels in emulated machines; what power cuts of one leave of a spool',
    takes: '24 min',
    files: files('test/vm/*.test.ts'),
    setUp: 'all',
    live: true,
    // A machine does not depend on the rights on this host.
    needsHost: () => false,
    timeoutMs: 3_600_000,
    prepare: () => ensureMachines('x64'),
    missing: missingForMachines,
  },
  {
    name: 'arm64',
    shows: 'what the packages bring for arm64, and what is installed there, on two of its kernels in emulated machines',
    takes: '8 min',
    files: files('test/arm64/*.test.ts'),
    setUp: 'all',
    live: true,
    needsHost: () => false,
    timeoutMs: 3_600_000,
    prepare: () => {
      ensureMachines('arm64', ARM64_TESTED);
      for (const root of ARM64_ROOTS) ensureRoot(root);
    },
    missing: missingForArm64,
  },
  {
    name: 'booted',
    shows: 'the Debian package and its service, in a Debian 12 and 13 that are booted in emulated machines',
    takes: '5 min',
    files: files('test/booted/*.test.ts'),
    setUp: 'all',
    live: true,
    needsHost: () => false,
    timeoutMs: 3_600_000,
    prepare: ensureDebians,
    missing: missingForDebians,
  },
];

export const LAYERS: readonly Layer[] = [...FIRST, ...REST];
