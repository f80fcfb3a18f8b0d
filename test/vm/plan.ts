// SPDX-License-Identifier: Apache-2.0
/**
 * The plan of the tests on the kernels: each row tells what a test shows, and why on each kernel. Without a reason it does not
 * run. `node test/vm/plan.ts` prints the plan. DIFFERENCES lists the differences between the kernels; the rest is shown once.
 */
import { pathToFileURL } from 'node:url';
import { KERNELS, kernelsOf } from '../../harness/machine/kernels.ts';

/** The changes in each kernel, compared with the one before it of the same architecture, that matter to the agent. */
export const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {
  '5.10': [
    'the agent takes fentry, then kprobe: the tracepoints do not pass compact_control, so tp_btf is refused',
    'every bpf(2) call needs CAP_BPF; io_uring workers are threads of the kernel; there is no PR_SET_VMA',
    'proactive compaction starts at fixed intervals only; the names of gfp flags come from tracefs',
  ],
  '6.1': [
    'the agent takes tp_btf: since 5.18 the tracepoints pass compact_control',
    'bpf(2) calls on open objects need no capability; io_uring workers are threads of the process',
    'a write to compaction_proactiveness starts a compaction at once',
  ],
  '6.12': [
    'NR_PAGE_ORDERS instead of MAX_ORDER; compact_control keeps its free pages in an array of lists, one for each order',
    'the names of gfp flags come from an enum in BTF',
  ],
  '6.18': ['the kernel can be preempted lazily'],
  '7.3': [
    'the agent takes kprobe: programs on tracepoints can be preempted, which loses records',
    'the bootable file is in a separate package',
  ],
  // Compared with the same release on x86-64.
  '5.10-arm64': [
    'the agent takes kprobe: functions take no programs of fentry',
    'all memory is in zone DMA; libcs have thread-local variables in other places',
  ],
  '6.1-arm64': ['functions take no programs of fentry'],
  '6.12-arm64': ['functions take programs of fentry, since 6.4'],
  '6.12-arm64-16k': ['a huge page has 32 MiB: order 11, of 12 orders'],
  '7.3-arm64': ['none that the others do not have'],
  '7.3-arm64-16k': ['a huge page has 32 MiB'],
};

export interface Row {
  file: string;
  shows: string;
  /** The reason to run there, by kernel. */
  on: Readonly<Record<string, string>>;
  /** A pattern of the names of the tests that run there, by kernel. Default: all tests. */
  only?: Readonly<Record<string, string>>;
}

const kernel = (name: string) => `test/kernel/${name}.test.ts`;
const guest = (name: string) => `test/vm/guest/${name}.test.ts`;
/** The kernels of arm64. `npm test` has room for two of them, on which the tests divide. */
const arm64 = (reason: string, except: readonly string[] = []) =>
  Object.fromEntries(
    kernelsOf('arm64')
      .filter(({ name }) => !except.includes(name))
      .map(({ name }) => [name, reason]),
  );
const every = (reason: string) => Object.fromEntries(kernelsOf('x64').map(({ name }) => [name, reason]));

/** In the order in which they run: zone-state needs unfragmented memory, and triggers fragments it. */
export const PLAN: readonly Row[] = [
  {
    file: kernel('zone-state'),
    shows: "a zone's watermarks, free pages and free blocks are those of zoneinfo and buddyinfo",
    on: {
      ...every('struct zone and the number of orders differ'),
      ...arm64('one zone; 12 orders with pages of 16 KiB'),
    },
  },
  {
    file: guest('plans'),
    shows: 'each attach plan alone and with filters; the one that the agent takes; the refusal of others',
    on: {
      '5.10': 'the agent takes fentry; tp_btf is refused',
      '6.1': 'the agent takes tp_btf; the others alone are shown on 7.3',
      '6.12': 'the agent takes tp_btf; the others alone are shown on 7.3',
      '6.18': 'the agent takes tp_btf; the others alone are shown on 7.3',
      '7.3': 'the agent takes kprobe; all others alone',
      ...arm64('the agent takes what it can; the others alone are not on all'),
    },
    only: {
      ...{ '6.1': 'two nodes|by itself', '6.12': 'two nodes|by itself', '6.18': 'two nodes|by itself' },
      ...{ '6.1-arm64': 'by itself|refused', '6.12-arm64-16k': 'by itself' },
    },
  },
  {
    file: guest('privileges'),
    shows: 'the rights of each thread of the agent, and that they suffice',
    on: { '5.10': 'keeps CAP_BPF', '6.12': 'keeps none', '7.3': 'the same with kprobe' },
  },
  {
    file: guest('pin'),
    shows: 'what --pin can keep without a process, and what it says where it cannot',
    on: { '5.10': 'kprobes and classic tracepoints are no links of their own before 5.15' },
  },
  {
    file: kernel('pin'),
    shows: 'programs that stay attached without an agent, and the one that goes on with them',
    on: { '7.3': 'kprobe; the kernel layer shows tp_btf on this host' },
    only: { '7.3': 'goes on|after --pin-ttl' },
  },
  {
    file: kernel('cgroup'),
    shows: 'the cgroup and the container of a stalled process',
    on: { '5.10': 'the oldest', '6.18': 'a newer one; the kernel layer shows this host' },
  },
  {
    file: kernel('aggregates'),
    shows: "the kernel's sums over all compactions equal the records, vmstat and the books",
    on: {
      '5.10': 'fentry; the oldest verifier',
      '6.1': 'tp_btf; its verifier refuses what others accept',
      '7.3': 'kprobe. The kernel layer shows tp_btf on this host',
    },
    only: { '6.1': 'each bucket' },
  },
  {
    file: kernel('hidden-symbols'),
    shows: 'kptr_restrict=2: addresses, beginning with the compaction, and one warning',
    on: {
      ...every('the frames of tracing before the compaction differ, by kernel and attach plan'),
      ...arm64('and by architecture', ['6.1-arm64', '6.12-arm64-16k']),
    },
  },
  {
    file: guest('hidden-files'),
    shows: 'the same attach plan where /proc/kallsyms is hidden; who refuses a plan',
    on: { '5.10': 'fentry, which asks for compact_zone', '7.3': 'kprobe, and a refused perf_event_open(2)' },
  },
  {
    file: guest('btf-file'),
    shows: '--btf FILE on a kernel that does not describe its types',
    on: { '6.12': 'one is enough: user space reads the file; triggers shows kprobe on all' },
  },
  {
    file: 'test/quick/rate-limit.test.ts',
    shows: 'each compaction of a storm is recorded or in a report',
    on: {
      '5.10': 'no atomic operation returns a value; decided by fentry',
      '7.3': 'the kernel can be preempted; decided by kprobe. The layer quick shows tp_btf on this host',
    },
    only: { '5.10': 'in a report', '7.3': 'in a report' },
  },
  {
    file: 'test/quick/metrics.test.ts',
    shows:
      'metrics, as Prometheus reads them, have every compaction of the records, and those that a filter leaves out',
    on: {
      '5.10': 'the sums are read with CAP_BPF, which the main thread keeps; the exporter, without a Prometheus',
      '7.3': 'read without a right; sums by kprobe. The layers quick and backends show this host',
    },
    only: { '5.10': 'with metrics', '7.3': 'with metrics' },
  },
  {
    file: guest('snoop'),
    shows: "compactsnoop's columns, rows and stacks",
    on: { '6.12': 'one is enough: it prints the records that triggers compares, from the first frame of the stack on' },
  },
  {
    file: guest('fragment'),
    shows: "the workload's own manners",
    on: { '6.12': 'one is enough: it is not about the kernel' },
  },
  {
    file: guest('contexts'),
    shows: 'ten thousand stalls, by hand and direct, are children of exactly the spans of their threads',
    on: {
      '5.10': 'read by fentry',
      '6.1': 'direct ones, read by tp_btf; the layer quick shows those by hand on this host',
      '6.1-arm64': 'the thread pointer of arm64, and its ways to thread-local variables',
      '6.12-arm64-16k': 'the faults of huge pages of 32 MiB',
      '7.3': 'read by kprobe',
    },
    only: { '6.1': 'direct', '6.12-arm64-16k': 'direct' },
  },
  {
    file: kernel('thread-context-location'),
    shows: 'the places of thread contexts, in programs built in every way of a compiler, a linker and two libcs',
    on: { '6.1-arm64': 'descriptors and vectors of arm64; the layer kernel shows those of x86-64' },
    only: { '6.1-arm64': 'program: |library ' },
  },
  {
    file: kernel('namespaces'),
    shows: 'pids, services, spans and times in PID and time namespaces',
    on: {
      '5.10': 'struct pid has an array of one number; start times are not those of the time namespace; read by fentry',
      '7.3': 'a flexible array; read by kprobe. The layer kernel shows tp_btf on this host',
    },
    only: { '5.10': 'pids are those|within it|right times', '7.3': 'pids are those|within it' },
  },
  {
    file: kernel('resource'),
    shows: 'a forked process that ends right after its stall has the service of its parent',
    on: { '5.10': 'read by fentry', '7.3': 'read by kprobe. The layer kernel shows tp_btf on this host' },
    only: { '5.10': 'which was forked', '7.3': 'which was forked' },
  },
  {
    file: kernel('span-attributes'),
    shows: 'attributes that an application publishes with its spans are those of its stalls',
    on: { '5.10': 'copied by fentry', '7.3': 'copied by kprobe. The layer kernel shows tp_btf on this host' },
  },
  {
    file: guest('node-context'),
    shows: "interleaved requests' stalls are children of their own spans on Node.js 22 and 26",
    on: {
      '5.10': 'read by fentry; one version of Node.js on each kernel, as kernels do not differ in them',
      '7.3': 'read by kprobe; one version. The kernel layer shows all versions, read as on this host',
      ...arm64('the thread pointer and the package of arm64; the version that is there', ['6.12-arm64-16k']),
    },
    only: { '5.10': 'Node.js 22', '7.3': 'Node.js 26', ...arm64('Node.js 24', ['6.12-arm64-16k']) },
  },
  {
    file: kernel('worker-context'),
    shows: "the kernel's own thread in a process is in no span",
    on: {
      '5.10': 'a thread of the kernel',
      '6.1': 'a thread of the process, marked PF_IO_WORKER',
      '7.3': 'marked PF_USER_WORKER (since 6.4)',
    },
  },
  {
    file: kernel('hostile-contexts'),
    shows: 'nothing is read that is not there, whatever a process publishes',
    on: { '7.3': 'probe reads, the same for fentry and kprobe; the kernel layer shows the direct loads of this host' },
  },
  {
    file: kernel('unreadable-contexts'),
    shows: 'a record whose page comes or goes during the stall is read at one end of it, or not at all',
    on: { '5.10': 'fentry', '7.3': 'kprobe; the kernel layer shows the attach plan of this host' },
  },
  {
    file: kernel('context-lifecycle'),
    shows: 'fork, exec, libraries that come and go, a pid that is used again',
    on: { '7.3': 'the newest; the kernel layer shows this host, and libraries, which do not depend on the kernel' },
    only: { '7.3': 'fork|exec|pid' },
  },
  {
    file: guest('obi-context'),
    shows: "OBI's map is read in every attach plan",
    on: { '5.10': 'fentry and kprobe, old tracepoints', '7.3': 'all three, and tp_btf as on 6.1' },
  },
  {
    file: guest('publications'),
    shows: 'the agent is notified of publications, and probes again by itself',
    on: {
      '5.10': 'a kernel without PR_SET_VMA; only the process event',
      '6.1-arm64': 'the registers of a system call; only the process event',
      '7.3': 'the process event, and when the agent probes, which does not depend on the kernel',
    },
    only: { '5.10': 'is sent', '6.1-arm64': 'is sent' },
  },
  {
    file: kernel('wakeups'),
    shows: 'programs that start and end at once do not wake the agent; one that lives on is looked at in time',
    on: {
      '5.10': 'no atomic exchange in programs; counted by fentry',
      '7.3': 'programs on tracepoints can be preempted. The layer kernel shows this host',
    },
    only: { '5.10': 'while', '7.3': 'while' },
  },
  {
    file: guest('time'),
    shows: "spans by an application's clock, while it is stepped and slewed",
    on: {
      '6.18':
        'one is enough: user space reads the clocks in the same way on all; only in a machine may a test move them',
    },
  },
  {
    file: guest('many-threads'),
    shows: 'nothing is lost when many more threads than CPUs compact at once',
    on: {
      '5.10': 'fentry; not preemptible',
      '6.1': 'tp_btf; not preemptible, as 6.12',
      '6.18': 'preemptible, except programs on tracepoints',
      '7.3': 'preemptible, programs on tracepoints as well',
    },
  },
  {
    file: guest('triggers'),
    shows: 'every trigger, seen by all attach plans at once: equal to one another and to vmstat',
    on: {
      ...every('structures, tracepoints and functions differ in each'),
      ...arm64('huge pages of 2 and 32 MiB', ['6.1-arm64']),
    },
  },
  {
    file: guest('ptrace-scope'),
    shows: 'Yama lets no process read another: run and doctor say so',
    on: { '6.12': 'one is enough: the setting is the same in all. It is the last, as it cannot be lowered again' },
  },
];

/** The row of the machines that are booted with lockdown=confidentiality. */
export const LOCKED_DOWN: Row = {
  file: guest('lockdown/confidentiality'),
  shows: 'no probe reads: tp_btf without them, or a refusal in words',
  on: {
    '5.10': 'nothing is left, so it refuses',
    '6.1': 'tp_btf of 5.18 to 6.x, by itself',
    '7.3': 'tp_btf of 7.0 and later, though kprobe comes first',
  },
};

export interface Part {
  file: string;
  /** Only tests whose name matches. */
  only?: string;
}

export function partsOf(name: string): Part[] {
  return PLAN.filter(({ on }) => name in on).map(({ file, only }) => {
    const pattern = only?.[name];
    return pattern === undefined ? { file } : { file, only: pattern };
  });
}

export function describePlan(): string {
  const lines: string[] = [];
  for (const { name, version } of KERNELS) {
    lines.push(`Linux ${name} (${version})`, ...DIFFERENCES[name]!.map((difference) => `  - ${difference}`));
  }
  for (const { file, shows, on, only } of [...PLAN, LOCKED_DOWN]) {
    lines.push('', `${file}: ${shows}`);
    for (const { name } of KERNELS) {
      if (name in on) lines.push(`  ${name.padEnd(5)} ${on[name]}${only?.[name] ? ` [${only[name]}]` : ''}`);
    }
  }
  return lines.join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(describePlan());
