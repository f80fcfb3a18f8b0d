// SPDX-License-Identifier: Apache-2.0
import type { SpoolWish } from '../sinks/spools.ts';
import { attach } from './attach.ts';
import { btf } from './btf.ts';
import { capabilities, optionalCapabilities } from './capabilities.ts';
import { cgroup } from './cgroup.ts';
import { type Finding, ok, type Topic } from './check.ts';
import { clock } from './clock.ts';
import { collector } from './collector.ts';
import { container } from './container.ts';
import { host } from './host.ts';
import { install } from './install.ts';
import { kernel } from './kernel.ts';
import { lockdown } from './lockdown.ts';
import { logs } from './logs.ts';
import { metrics } from './metrics.ts';
import { securityfs } from './mounts.ts';
import { obi } from './obi.ts';
import { plan } from './plan.ts';
import { extfragThreshold, proactiveness } from './proactiveness.ts';
import { prober } from './prober.ts';
import { stalling } from './process.ts';
import { ptraceScopeCheck } from './ptrace.ts';
import { spool as spoolFolder } from './spool.ts';
import { kptrRestrict, perfEventParanoid, unprivilegedBpfDisabled } from './sysctls.ts';
import { thp } from './thp.ts';
import { tracefs } from './tracefs.ts';
import { vmstat } from './vmstat.ts';

export interface Circumstances {
  /** Through which other processes are seen. */
  procfs?: string;
  /** The variables in force, for each span exporter. */
  environments?: readonly NodeJS.ProcessEnv[];
  /** The folder of --spool; its owner is the user of --user. */
  spool?: SpoolWish | undefined;
  /** What was found when the configuration file was read. */
  configuration?: () => Finding;
}

/** All checks, in the order in which they run and print. The ids are stable. */
export const topics = ({
  procfs = '/proc',
  environments = [process.env],
  spool,
  configuration = () => ok('there is none.'),
}: Circumstances = {}): readonly Topic[] => [
  {
    id: 'configuration',
    about: 'whether the file of `--config` or OTEL_CONFIG_FILE can be used',
    examine: configuration,
  },
  { id: 'install', about: 'Node.js, the addon and the BPF programs', examine: () => install() },
  { id: 'kernel', about: 'release, architecture, memory compaction', examine: () => kernel() },
  { id: 'btf', about: "the kernel's description of its own types", examine: () => btf() },
  {
    id: 'plan',
    about: 'the attach plan that fits what the kernel reports of itself, and why',
    examine: () => plan(),
  },
  { id: 'lockdown', about: 'kernel lockdown', examine: () => lockdown() },
  { id: 'capabilities', about: 'whether `CAP_BPF` and `CAP_PERFMON` are effective', examine: () => capabilities() },
  {
    id: 'optional_capabilities',
    about: 'what is missing without the optional capabilities',
    examine: () => optionalCapabilities(),
  },
  { id: 'attach', about: 'loads and attaches as `run` does, and detaches at once', examine: () => attach() },
  { id: 'prober', about: 'whether the prober starts and answers', examine: () => prober(procfs) },
  {
    id: 'obi',
    about: 'whether the spans of OpenTelemetry eBPF Instrumentation are readable',
    examine: () => obi(),
  },
  { id: 'kptr_restrict', about: 'whether stacks have symbols', examine: () => kptrRestrict() },
  {
    id: 'ptrace_scope',
    about: 'whether Yama forbids reading other processes',
    examine: () => ptraceScopeCheck(),
  },
  { id: 'perf_event_paranoid', about: 'whether it forbids kprobes', examine: () => perfEventParanoid() },
  {
    id: 'unprivileged_bpf_disabled',
    about: 'the setting, for information only',
    examine: () => unprivilegedBpfDisabled(),
  },
  { id: 'thp', about: 'transparent huge pages, and which compactions to expect from them', examine: () => thp() },
  { id: 'proactiveness', about: 'whether to expect proactive compaction', examine: () => proactiveness() },
  {
    id: 'extfrag_threshold',
    about: 'the fragmentation index above which zones are compacted',
    examine: () => extfragThreshold(),
  },
  { id: 'vmstat', about: "the kernel's own counters, which `--verify` needs", examine: () => vmstat() },
  { id: 'cgroup', about: 'cgroup version; records carry ids of version 2', examine: () => cgroup() },
  {
    id: 'tracefs',
    about: 'whether it is mounted; before Linux 6.10 it provides the names of GFP flags',
    examine: () => tracefs(),
  },
  { id: 'securityfs', about: 'whether it is mounted', examine: () => securityfs() },
  {
    id: 'container',
    about: "container or host, and whether the host's PIDs are visible",
    examine: () => container(procfs),
  },
  {
    id: 'host',
    about: "whether `host.name` and `host.id` of the spans are the host's",
    examine: () => host(environments[0]),
  },
  ...environments.map((env, i) => ({
    id: i === 0 ? 'collector' : `collector_${i + 1}`,
    about: 'whether the configured collector accepts spans',
    examine: () => collector(env),
  })),
  {
    id: 'spool',
    about: 'with `--spool DIR`: rights, file system, space, what earlier runs have left, and whether an agent uses it',
    examine: () => spoolFolder(spool),
  },
  { id: 'metrics', about: 'whether the configured metrics can be exported', examine: () => metrics(environments[0]) },
  { id: 'logs', about: 'whether the configured logs can be exported', examine: () => logs(environments[0]) },
  { id: 'clock', about: 'clock source, and the precision of timestamps', examine: () => clock() },
];

/** The check that `--pid` adds, after the others. */
export const processTopic = (pid: number, procfs = '/proc'): Topic => ({
  id: 'process',
  about: 'with `--pid PID`: the service of that process, and how its stalls relate to its spans',
  examine: () => stalling(pid, procfs),
});
