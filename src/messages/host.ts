// SPDX-License-Identifier: Apache-2.0
import type { Entries } from './entry.ts';

/** What this host forbids or does not show, and the prober. */
export const HOST = {
  // This host cannot run it: exit code 3.
  bpf_capabilities_missing: {
    level: 'error',
    text: 'may not load BPF programs: {capabilities} missing.',
    more: true,
    cause: 'the user is not root, or the container or unit takes these from root',
    remedy: 'sudo, or the capabilities of [deploy.md](deploy.md#capabilities)',
  },
  user_namespace: {
    level: 'error',
    text: 'may not load BPF programs: this process is in its own user namespace, whose capabilities do not count for the kernel.',
    more: true,
    cause: 'a rootless container, or `PrivateUsers=`',
    remedy: "run it in the host's user namespace",
  },
  cannot_attach: {
    level: 'error',
    text: 'cannot attach to the compactions of this kernel. {plans}',
    more: true,
    cause:
      'each attach plan follows with its reason. `every call of perf_event_open(2) is refused (...)`: see `bpf_refused`',
    remedy: 'as the last sentence says. `Omit --attach, so that another plan can be used.`: do that',
  },
  no_tracepoints: {
    level: 'error',
    text: 'this kernel has no mm_compaction tracepoints.',
    more: true,
    cause: 'it was built without memory compaction or tracepoints',
    remedy: 'a kernel with `CONFIG_COMPACTION=y` and `CONFIG_TRACEPOINTS=y`',
  },
  types_missing: {
    level: 'error',
    text: 'this kernel does not describe its types: {file}: {reason}.',
    more: true,
    cause: 'it was built without BTF',
    remedy: 'a kernel with `CONFIG_DEBUG_INFO_BTF=y`, or `--btf FILE`',
  },
  types_hidden: {
    level: 'error',
    text: "this process does not see the kernel's types: {file}: {reason}.",
    more: true,
    cause: 'the kernel has them, but something hides them',
    remedy:
      "in a container show the host's /sys (`--volume /sys:/sys:ro`), in a systemd unit omit `InaccessiblePaths=`",
  },
  types_unreadable: {
    level: 'error',
    text: "cannot read the kernel's types: {file}: {reason}.",
    more: true,
    cause: 'the file is there, but this process may not read it',
    remedy: 'let it read the file',
  },
  types_malformed: {
    level: 'error',
    text: '{file} cannot be read as BTF: {reason}.',
    more: true,
    cause: 'the file is damaged, or in a form that is newer than this compactstall',
    remedy: '`--btf FILE`, with a file that `pahole --btf_encode_detached=FILE vmlinux` creates',
  },
  memory_locked: {
    level: 'error',
    text: 'this kernel (before 5.11) counts BPF memory against RLIMIT_MEMLOCK, and this process may not raise that limit.',
    more: true,
    cause: '`CAP_SYS_RESOURCE` is missing',
    remedy: '`LimitMEMLOCK=infinity`',
  },
  bpf_refused: {
    level: 'error',
    text: 'every call of bpf(2) is refused ({errno}), although the capabilities are there: {refuser}.',
    more: true,
    cause: '`a seccomp filter is in force`, or `a security module refuses it`',
    remedy:
      'a seccomp profile that allows `bpf` and `perf_event_open`; for a security module, its denial is in dmesg or the audit log',
  },
  no_bpf: {
    level: 'error',
    text: 'this kernel has no bpf(2).',
    more: true,
    cause: 'it was built without it',
    remedy: 'a kernel with `CONFIG_BPF_SYSCALL=y`',
  },
  too_few_files: {
    level: 'error',
    text: 'only {possible} more files can be opened, but {needed} are needed{reason}.',
    more: true,
    cause: "this process's limit of open files, or the host's",
    remedy: '`ulimit -n 1024`, `LimitNOFILE=1024`, `--ulimit nofile=1024`',
  },
  too_few_tasks: {
    level: 'error',
    text: 'only {possible} more threads or processes can be started, but {needed} are needed: {reason}.',
    more: true,
    cause:
      'a limit: `RLIMIT_NPROC` of the user that the agent becomes (`ulimit -u`, `LimitNPROC=`), `pids.max` of its cgroup or of one above it (`TasksMax=`, `--pids-limit`), `kernel.threads-max` or `kernel.pid_max` of the host',
    remedy: 'raise the one that it names; 64 are enough for agent and prober together',
  },
  no_ring: {
    level: 'error',
    text: '{reason}',
    more: true,
    cause:
      '`Cannot start the thread that waits for the ring buffer: ...` or `Cannot open the ring buffer: ...`: a limit of threads, files or memory',
    remedy: 'the next sentence names it',
  },
  vmstat_unreadable: {
    level: 'error',
    text: '{file} cannot be read: {reason}.',
    more: true,
    cause: "`--verify needs it: let this process see the host's /proc.` Something hides /proc/vmstat",
    remedy: 'omit `ProcSubset=pid`, or the mask',
  },
  vmstat_incomplete: {
    level: 'error',
    text: '{file} has no {counter}.',
    more: true,
    cause: 'the kernel was built without memory compaction; `--verify` needs that counter',
    remedy: 'a kernel with `CONFIG_COMPACTION=y`',
  },
  clock_offsets_unknown: {
    level: 'error',
    text: 'this process is in its own time namespace, and {folder} does not show the offsets of its clocks: spans would have wrong times.',
    more: true,
    cause: '/proc is hidden, or is that of another PID namespace',
    remedy: 'make /proc/self readable, or run it in the first time namespace',
  },
  clock_of_children: {
    level: 'error',
    text: 'this process is in another time namespace than its children, so it does not know the offsets of its clocks: spans would have wrong times.',
    more: true,
    cause: '`unshare --time` started it without `--fork`',
    remedy: '`unshare --time --fork`',
  },
  demo_hint: {
    level: 'info',
    text: 'npm run demo needs none of this: it shows stalls of an emulated machine.',
    cause: '`npm start` adds this hint: the demo shows stalls even on a host that cannot run the agent',
    remedy: 'try it',
  },

  // What the agent cannot see or do on this host; it runs all the same.
  symbols_hidden: {
    level: 'warn',
    text: 'the kernel hides its symbols from this process: stacks show addresses.',
    more: true,
    cause:
      '`CAP_SYSLOG` is missing, or `kernel.kptr_restrict` is 2. In a systemd unit, `ProtectKernelLogs=` takes the capability',
    remedy: 'as the next sentence says',
  },
  symbols_unreadable: {
    level: 'warn',
    text: '/proc/kallsyms cannot be read: {reason}. Stacks show addresses.',
    more: true,
    cause:
      'something hides the file: `ProtectKernelTunables=` or `ProcSubset=pid` in a systemd unit, or a container that masks it',
    remedy: 'as the next sentence says',
  },
  no_probe_reads: {
    level: 'warn',
    text: 'this kernel forbids probe reads (lockdown=confidentiality): free pages are the sum of the free lists, zone names follow from the zone type, and spans of applications are not seen.',
    more: true,
    cause: 'the kernel was booted with that lockdown',
    remedy: 'nothing, or as the next sentence says: it runs, with less detail',
  },
  preemptible: {
    level: 'warn',
    text: 'programs on the tracepoints of this kernel can be preempted (Linux 7.0 and later): while many threads compact at once, some records are lost, and counted.',
    more: true,
    cause: 'kprobes were not used; the next sentence says why',
    remedy: 'mostly, mount tracefs at /sys/kernel/tracing',
  },
  pids_of_one_namespace: {
    level: 'warn',
    text: '{procfs} shows the pids of one PID namespace, not of the whole machine: stalls of kernel threads and of processes outside of it have pid 0, no service and no active span.',
    more: true,
    cause:
      "spans of the service `compactstall` without a pid and rows with PID 0 are of processes outside of the agent's PID namespace: of the host of its container, of another WSL distribution, of another node of kind. All others are as usual",
    remedy: 'if you need them, [deploy.md](deploy.md#pid-namespaces) says what each place can show',
  },
  pids_unknown: {
    level: 'warn',
    text: 'it cannot be known whose pids {procfs} shows: stalls have pid 0, no service and no active span.',
    more: true,
    cause: '/proc is that of another PID namespace, and the agent may not look at its first process',
    remedy: '`CAP_SYS_PTRACE`',
  },
  ptrace_forbidden: {
    level: 'warn',
    text: 'kernel.yama.ptrace_scope is 3: no process may read the memory of another. Active spans are unknown, and so are services that are published rather than set in the environment.',
    more: true,
    cause:
      'the host lets no process do that, whatever its capabilities. Every process is `unknown_service:...`, or has no spans',
    remedy: 'lower it in /etc/sysctl.d and reboot, or live without',
  },
  other_users_closed: {
    level: 'warn',
    text: 'without {capabilities}, the prober cannot read processes of other users: their stalls are root spans, and their services have the name of their main thread.',
    more: true,
    cause: "capabilities are missing. Such a process is `unknown_service:...` with a thread's name",
    remedy: '[deploy.md](deploy.md#capabilities), or `--context off --resource host`',
  },
  obi_unread: {
    level: 'warn',
    text: 'the spans of OpenTelemetry eBPF Instrumentation cannot be read. {reason}',
    more: true,
    cause: 'its map is of another kind',
    remedy: 'a newer compactstall',
  },
  publications_unseen: {
    level: 'debug',
    text: 'A process that publishes more than 15 s after its start may be recognized only after its first stall: {reason}.',
    cause: 'compactstall cannot see when a process publishes: kprobes are missing or not allowed',
    remedy: 'nothing; with `kernel.perf_event_paranoid=2` kprobes are allowed on Debian',
  },
  stays_root: {
    level: 'info',
    text: 'stays root, but has given up its capabilities: it may not change its user. If it should, grant CAP_SETUID and CAP_SETGID.',
    cause: 'the agent is root in a container without these two',
    remedy: 'nothing; where it should be `nobody`, add `CAP_SETUID` and `CAP_SETGID`',
  },
  privileges_kept: {
    level: 'warn',
    text: '{reason}',
    cause: 'the agent keeps its privileges: the system refused to drop them, and the message says why',
    remedy: 'see the reason; a seccomp filter may forbid the calls',
  },

  // The process that looks into others.
  prober_not_started: {
    level: 'warn',
    text: 'cannot start the prober, which looks up services and active spans: {reason}. Spans carry no service and no parent.',
    more: true,
    cause:
      'the user that it switches to cannot read the installation; it was not built; a limit of processes, or a seccomp filter',
    remedy: 'as the last sentence says; install below /opt',
  },
  prober_late: {
    level: 'warn',
    text: 'the prober has not started within {seconds} s: spans carry no service and no parent until it has.',
    cause:
      'a busy host, a limit of CPU time, or a limit of threads that was reached since the start (Node.js then waits for ever)',
    remedy: 'no CPU limit; for agent and prober together 64 threads (`TasksMax=`, `--pids-limit`)',
  },
  prober_ended: {
    level: 'error',
    text: 'the prober ended: {reason}. From now on spans carry no service and no parent.',
    more: true,
    cause: 'somebody killed it; out of memory',
    remedy: 'restart',
  },
  prober_restarted: {
    level: 'warn',
    text: 'the prober failed and has restarted: {reason}.',
    cause: 'it recovered',
    remedy: 'report it if it repeats',
  },
  prober_failed: {
    level: 'warn',
    text: 'the prober failed to answer a question: {reason}. Please report it.',
    cause: 'a defect',
    remedy: 'report it',
  },
  prober_too_late: {
    level: 'warn',
    text: 'the prober was too late for some stalls, which carry no service: a busy host, a CPU limit, or processes that cannot be read delay it.',
    cause: 'a stall waits at most 20 s for the prober, and the last ones of a run 4 s',
    remedy: 'no CPU limit; end the run some seconds after the last stall',
  },
  prober_stopped: {
    level: 'warn',
    text: 'the prober was stopped by a signal, and is replaced.',
    cause: 'somebody sent it SIGSTOP',
    remedy: 'nothing',
  },
  process_blocked: {
    level: 'warn',
    text: 'process {pid} could not be read within {seconds} s: its memory map is locked, it delays its readers, or this host is short of memory. It is left alone for {pause} s.',
    cause: 'the prober waited that long: a stall can lock the memory map of its process',
    remedy: 'nothing: until then only its executable and container are known',
  },
  process_too_costly: {
    level: 'warn',
    text: 'process {pid} could not be read with {seconds} s of CPU time. It is left alone for {pause} s. Please report it.',
    cause: 'a defect',
    remedy: 'report it',
  },
} as const satisfies Entries;
