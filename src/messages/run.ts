// SPDX-License-Identifier: Apache-2.0
import type { Entries } from './entry.ts';

/** How a command goes, and how it fails. */
export const RUN = {
  // What a run says of itself when all is well.
  attached: {
    level: 'info',
    text: '{version} attached ({plan}), Ctrl-C to stop',
    cause: 'from here on every compaction is recorded',
    remedy: 'nothing',
  },
  attached_after: {
    level: 'debug',
    text: 'attached {milliseconds} ms after the process started',
    cause: '`--verbose`: how long the start took',
    remedy: 'nothing',
  },
  plan_skipped: {
    level: 'debug',
    text: 'skipped {plan}',
    cause: '`--verbose`: an attach plan that comes before the one that was taken, and why it does not fit',
    remedy: 'nothing',
  },
  run_time_unmeasured: {
    level: 'debug',
    text: '{reason}',
    cause: '`--verbose`: the run time of the BPF programs cannot be measured',
    remedy: 'nothing',
  },
  loader_log: {
    level: 'debug',
    text: '{log}',
    cause: '`--verbose`: what libbpf and the verifier said',
    remedy: 'nothing',
  },
  spans_destination: {
    level: 'info',
    text: 'spans go to {endpoint}',
    cause: 'spans are sent to that collector',
    remedy: 'nothing',
  },
  live_page: {
    level: 'info',
    text: 'watch it in a browser at {url}',
    cause: '`--live`: whoever has this address sees what the agent sees, until it ends',
    remedy: 'nothing',
  },
  live_page_hint: {
    level: 'info',
    text: 'to watch it in a browser: {command}',
    cause: 'it was started without options and settings; no port is open',
    remedy: 'nothing, or that command',
  },
  adopted: {
    level: 'info',
    text: 'goes on with the programs that an earlier agent has left in {folder}',
    cause: '`--pin`: nothing was missed in between, and the books go on',
    remedy: 'nothing',
  },
  replaced: {
    level: 'warn',
    text: 'the programs in {folder} were of another version or had other options, and were replaced. The counters begin at zero. Lost, because the earlier agent had not read it: {unread}.',
    cause:
      '`--pin`: an upgrade with other BPF programs, or other options, after an agent that was killed or has been away for a while. The number is an upper bound, and counts as lost',
    remedy: 'nothing',
  },
  left_attached: {
    level: 'info',
    text: 'the programs stay attached in {folder} and record for {ttl} more; compactstall unpin {folder} removes them',
    cause: '`--pin`: the next agent with the same options goes on',
    remedy: 'nothing, or `compactstall unpin`',
  },
  not_pinned: {
    level: 'warn',
    text: 'the programs end with this agent, although --pin is set: {reason} Linux 5.15 and later can keep programs of kprobes and tracepoints.',
    cause: '`--pin`: this kernel cannot keep such programs attached without a process',
    remedy: 'a newer kernel; otherwise nothing: the agent works as it does without `--pin`',
  },
  unpinned: {
    level: 'info',
    text: 'removed the programs in {folder}',
    cause: '`compactstall unpin`: they are detached, and what they had recorded is gone',
    remedy: 'nothing',
  },
  nothing_pinned: {
    level: 'info',
    text: 'there is nothing to remove: {folder} does not exist',
    cause: '`compactstall unpin`: no agent has used that folder, or it was removed',
    remedy: 'nothing',
  },
  no_compaction_yet: {
    level: 'info',
    text: 'no compaction so far. To cause one, run as root: echo 1 > /proc/sys/vm/compact_memory',
    cause: 'the kernel did not compact in the first 3 s. On a healthy host that is normal for hours',
    remedy: 'nothing; or cause one, to see that it works',
  },
  not_recorded: {
    level: 'warn',
    text: '{compactions} {noun} not recorded within {window}: more than --max-spans-per-second {limit}. They took {sum}, the longest {longest}.',
    cause:
      'a storm: only the longest compactions and the first ones of each cgroup are recorded, and the rest is counted. Spans `compactions not recorded` say the same',
    remedy: 'see [cli.md](cli.md#the-limit-for-spans); `--max-spans-per-second off` records all',
  },
  compactions_lost: {
    level: 'warn',
    text: '{compactions} {noun} lost within {window}: {reasons}.',
    cause:
      'these compactions have neither a row nor a span; a span `compactions not recorded` says the same. The books at the end have all losses',
    remedy: 'see [exit code 4](#exit-code-4), by reason',
  },
  recording_read: {
    level: 'info',
    text: 'all is read; delivering {queued} queued events, Ctrl-C to stop. A collector that takes none for {seconds} s is given up.',
    cause: '`replay` has read the recording and waits for the collector, or for the reader of a pipe',
    remedy: 'wait, or start the collector',
  },
  delivering: {
    level: 'info',
    text: 'delivering queued events for up to {seconds} s; Ctrl-C to stop at once',
    cause: 'the agent is stopping and delivers what is queued first',
    remedy: 'wait',
  },
  books: {
    level: 'info',
    text: '{compactions} {noun}, {lost} lost{more}',
    cause: 'the end of a run, with the [books](../ARCHITECTURE.md#the-books) below; an error where something was lost',
    remedy: 'nothing, or [Exit code 4](#exit-code-4)',
  },
  books_so_far: {
    level: 'info',
    text: '{compactions} {noun}, {lost} lost{more} so far',
    cause: 'somebody has sent SIGUSR2; the books so far are below, an error where something was lost',
    remedy: 'nothing, or [Exit code 4](#exit-code-4)',
  },
  summary: {
    level: 'info',
    text: 'who waited for how long',
    cause: '`--summary`: a table by service, process, trigger and order',
    remedy: 'nothing',
  },
  run_time: {
    level: 'debug',
    text: '{line}',
    cause: '`--verbose`: what stacks and BPF programs took',
    remedy: 'nothing',
  },
  verified: {
    level: 'info',
    text: '{line}',
    cause: "`--verify`: the kernel's own counters beside the events; an error where they differ",
    remedy: 'nothing, or [Exit code 4](#exit-code-4)',
  },

  // Wrong use, files and sockets that cannot be used, and defects: exit codes 1 and 2.
  wrong_option: {
    level: 'error',
    text: '{problem}',
    cause: 'an option that does not exist, or that cannot have this value',
    remedy: 'what the sentence says is allowed; [cli.md](cli.md)',
  },
  wrong_variable: {
    level: 'error',
    text: '{variable}: {problem}.',
    cause: 'a variable that cannot be used. The sentence never quotes its value, which may be a secret',
    remedy: 'what the sentence says is allowed, or unset it',
  },
  wrong_configuration: {
    level: 'error',
    text: '{problem}',
    cause:
      'a [configuration file](configuration.md) that cannot be used; the sentence begins with file, line and column',
    remedy: 'correct the file there',
  },
  file_unwritable: {
    level: 'error',
    text: 'cannot write {file}: {reason}. Choose another file.',
    cause: 'the user may not write there, or a pipe has no reader',
    remedy: 'another file',
  },
  output_failed: {
    level: 'error',
    text: 'cannot write to {file}: {reason}. Further events are dropped and counted.',
    cause: 'the disk is full, or the reader of a pipe has gone; other outputs go on',
    remedy: 'make room',
  },
  rotation_refused: {
    level: 'error',
    text: "cannot rotate {file} in {folder}: {reason}. Give the folder to the agent's user (nobody, or --user), or let logrotate do it.",
    cause: 'the agent has given up root when it rotates, and to rename files it must be able to write to their folder',
    remedy: 'as it says; see [deploy.md](deploy.md#recordings)',
  },
  file_not_rotated: {
    level: 'warn',
    text: 'cannot rotate {file}: {reason}. It grows on, and nothing is lost.',
    cause:
      'somebody has changed the folder since the start. The agent tries again when the file has grown by the same size',
    remedy: 'let the agent rename files there',
  },
  file_reopened: {
    level: 'info',
    text: 'from here on events go to a new {file}.',
    cause: 'somebody has renamed the file and sent SIGHUP: good news',
    remedy: 'nothing',
  },
  file_not_renamed: {
    level: 'info',
    text: '{file} is still the same file; rename it before SIGHUP.',
    cause: 'SIGHUP arrived, but the file still has its name',
    remedy: 'nothing; or rename it first, as logrotate does',
  },
  file_not_reopened: {
    level: 'warn',
    text: "cannot open a new {file}: {reason}. Events go on to the old one. Create the new one for the agent's user before SIGHUP.",
    cause: 'SIGHUP has come, but the agent’s user may not make or write that file. Nothing is lost meanwhile',
    remedy: '`create 0644 nobody nogroup` for logrotate; see [deploy.md](deploy.md#recordings)',
  },
  books_unwritten: {
    level: 'error',
    text: 'cannot write the books to {file}: {reason}.',
    cause: 'the disk is full, or the pipe has no reader any more',
    remedy: 'make room; the books were printed before',
  },
  recording_unreadable: {
    level: 'error',
    text: 'cannot read {file}: {reason}. Expected a file written with --output json:FILE.',
    cause: 'the file does not exist, or this user may not read it',
    remedy: 'name a recording',
  },
  recording_compressed: {
    level: 'error',
    text: 'cannot read {file}: it is {form}. Convert it: {command}',
    cause: 'the file is in another form',
    remedy: 'the command that it says, with that file for FILE',
  },
  recording_not_read: {
    level: 'error',
    text: '{file} was not read to its end, because a signal came first: the result covers only a part of it.',
    cause: 'Ctrl-C, or another signal',
    remedy: 'run it again',
  },
  spans_awaited: {
    level: 'info',
    text: 'waiting {seconds} s for the last spans, which tracers and Collectors send late.',
    cause: 'the last stall of the recording is less than `--wait` ago',
    remedy: 'nothing; `--wait 0s` reads the spans at once',
  },
  spans_unreadable: {
    level: 'error',
    text: 'cannot read spans from {source}: {reason}. Check the address: Jaeger 2 answers at port 16686, Tempo at 3200.',
    cause: 'the backend is away, or something else answers at that address',
    remedy: 'give the address of Jaeger 2’s page, which also has its API v3, or of Tempo’s API',
  },
  no_spans: {
    level: 'warn',
    text: '{file} has no spans of applications. Expected OTLP/JSON, one trace request a line, as the file exporter of a Collector writes it.',
    cause: 'the file is empty, or it is another file: a recording, perhaps',
    remedy: "name the file of the applications' spans",
  },
  trace_cut: {
    level: 'warn',
    text: '{source} has a part of the trace {trace} only, so that spans in it may be missing here.',
    cause: 'the trace is larger than Tempo returns at once',
    remedy: "Tempo's limit for a trace, max_bytes_per_trace",
  },
  line_malformed: {
    level: 'error',
    text: '{file}:{line}: {reason}; line skipped.',
    cause: 'the recording is damaged',
    remedy: 'nothing: the other lines are used',
  },
  more_lines_malformed: {
    level: 'error',
    text: '{file}: {lines} more malformed lines skipped.',
    cause: 'the same; the first ten were named',
    remedy: 'nothing: the other lines are used',
  },
  pin_folder_elsewhere: {
    level: 'error',
    text: '{folder} is not in a BPF file system.',
    more: true,
    cause: '`--pin` or `unpin` names a folder in which programs cannot be kept, or none is mounted there',
    remedy: 'a folder in `/sys/fs/bpf`, which systemd mounts',
  },
  pin_folder_refused: {
    level: 'error',
    text: 'cannot use {folder} for programs that stay attached: {reason}.',
    more: true,
    cause:
      '`--pin` or `unpin`: the folder belongs to another user, holds something else, or cannot be created; names there may not contain dots',
    remedy: 'use another folder, or run it as the user that created this one',
  },
  pin_folder_in_use: {
    level: 'error',
    text: 'another compactstall uses {folder}.',
    more: true,
    cause: '`--pin` or `unpin`: an agent with that folder is running',
    remedy: 'stop it first',
  },
  status_socket_unusable: {
    level: 'error',
    text: 'cannot listen at {path}: {reason}. Choose another path for --status-socket.',
    cause: 'another agent listens there, or the folder does not exist or may not be written',
    remedy: 'as it says; the socket of an agent that was killed is replaced',
  },
  live_page_refused: {
    level: 'error',
    text: 'cannot show a page at {address}: {reason}. Choose another address: --live HOST:PORT.',
    cause: 'another program has that port, perhaps another compactstall; or the address is not one of this host',
    remedy: 'another address; `--live :0` takes any free port',
  },
  agent_not_asked: {
    level: 'error',
    text: 'cannot ask the agent at {path}: {reason}. It has to run with the same --status-socket, as this user or root.',
    cause: 'no agent listens there, or it is another user’s',
    remedy: 'start the agent with `--status-socket`; ask as root where it was started as root',
  },
  manager_not_notified: {
    level: 'warn',
    text: 'systemd is not notified of how the run goes: {reason}',
    cause:
      'NOTIFY_SOCKET names a socket where nobody listens, or the service manager is too busy. With `Type=notify` systemd then ends the agent',
    remedy: 'nothing in a systemd unit; elsewhere unset NOTIFY_SOCKET',
  },
  bpf_object_missing: {
    level: 'error',
    text: 'the BPF object is missing: {file}: {reason}.',
    more: true,
    cause: 'it was not built, or the package is not whole',
    remedy: 'in a clone `./setup.sh`; else install the package again',
  },
  addon_missing: {
    level: 'error',
    text: '{reason}',
    more: true,
    cause: "`Cannot load bpf-loader-native's addon (...)`: it was not built, or for another platform",
    remedy: 'in a clone `./setup.sh`; a package has builds for Linux on x64 and arm64',
  },
  call_refused: {
    level: 'error',
    text: 'the system refused a call: {error}. --verbose shows where; report it if the cause is not clear.',
    cause: "the system's words name the call and the cause",
    remedy: 'remove the cause',
  },
  internal_error: {
    level: 'error',
    text: 'internal error, please report it: {error}',
    cause: 'a defect of compactstall. A message of a library is left out, as it may quote a setting',
    remedy: 'report it, with the lines below it',
  },
} as const satisfies Entries;
