// SPDX-License-Identifier: Apache-2.0
import { parseDuration } from '../durations.ts';
import { RELATIONS_WANTED } from '../event/relation.ts';
import type { Selection } from '../event/selection.ts';
import type { UserIds } from '../host/users.ts';
import { PLAN_NAMES } from '../live/attach-plan.ts';
import { DEFAULT_RING_BYTES, DEFAULT_STACK_BUDGET } from '../live/open.ts';
import type { ResourceOf } from '../sinks/otlp/resources.ts';
import type { StackPlace } from '../sinks/otlp/span-writer.ts';
import type { Rotation } from '../sinks/rotation.ts';
import type { SpoolWish } from '../sinks/spools.ts';
import { LOG_OPTIONS } from './log-options.ts';
import type { InForce, Values } from './options.ts';
import {
  parseAge,
  parseChoice,
  parseFile,
  parseFileOrInput,
  parseFileSize,
  parseFolder,
  parseHost,
  parseKept,
  parseLive,
  parseOutput,
  parsePath,
  parsePid,
  parseProcfs,
  parseRate,
  parseRingSize,
  parseSeconds,
  parseShare,
  parseTraceUrl,
  parseTriggers,
  parseTtl,
  parseUrl,
  parseUser,
} from './values.ts';

const STACK_PLACES: readonly StackPlace[] = ['event', 'attribute', 'both', 'none'];
const STACK_BUDGET = `${DEFAULT_STACK_BUDGET * 100}%`;
const RING_SIZE = `${DEFAULT_RING_BYTES / 1024 ** 2}M`;
const PIN_TTL = '3600s';
const RESOURCES: readonly ResourceOf[] = ['service', 'host'];

const PROCFS_OPTION = {
  name: 'procfs',
  argument: 'DIR',
  help: "the proc file system that shows other processes (default /proc), such as a host's mounted in a container; pids are those that it shows",
  without: '/proc',
  parse: parseProcfs,
} as const;

const CONFIG_OPTION = {
  name: 'config',
  argument: 'FILE',
  help: 'a configuration file, in the form of OpenTelemetry (docs/configuration.md). Options and variables count before it; default OTEL_CONFIG_FILE',
  parse: parseFile,
  inFile: false,
} as const;

const STATUS_SOCKET_OPTION = {
  name: 'status-socket',
  argument: 'PATH',
  help: 'answer compactstall status at this unix socket, which only its owner and root may use',
  parse: parsePath,
} as const;

/** Where the page is unless --live says more. */
const LIVE_ADDRESS = '127.0.0.1:9465';

const SPOOL_FOLDER_OPTIONS = [
  {
    name: 'spool',
    argument: 'DIR',
    help: 'keep spans in this folder until the collector has taken them: an outage, a crash or a restart loses none (docs/reliability.md). Not with the output sdk',
    parse: parseFolder,
  },
  {
    name: 'spool-size',
    argument: 'BYTES',
    help: 'the most that the folder may hold, such as 100M; beyond, the oldest spans are dropped, and counted (default 1G)',
    default: '1G',
    parse: parseFileSize,
  },
  {
    name: 'spool-age',
    argument: 'AGE',
    help: 'how long spans are kept there, such as 36h (default 7d); older ones are dropped, and counted',
    default: '7d',
    parse: parseAge,
  },
] as const;

const USER_OPTION = {
  name: 'user',
  argument: 'NAME',
  help: 'the user to switch to from root once everything is attached: a name in /etc/passwd, UID or UID:GID (default nobody); with root, the agent stays root',
  without: 'nobody',
  parse: parseUser,
} as const;

const INFORMATION_OPTIONS = [
  { name: 'help', short: 'h', help: 'print this help', inFile: false },
  { name: 'version', short: 'V', help: 'print the version', inFile: false },
] as const;

/** Which compactions; `run`, `replay`, `summary` and `report` share them. */
export const FILTER_OPTIONS = [
  { name: 'pid', short: 'p', argument: 'PID', help: 'only stalls of this process', parse: parsePid },
  {
    name: 'min-duration',
    argument: 'TIME',
    help: 'only compactions that took at least this long, such as 500us or 10ms',
    parse: parseDuration,
  },
  {
    name: 'trigger',
    argument: 'LIST',
    help: 'only these triggers: a comma-separated list of direct, kcompactd, proactive and manual',
    parse: parseTriggers,
  },
] as const;

/** Options for where events go; `run` and `replay` share them. */
const OUTPUT_OPTIONS = [
  {
    name: 'output',
    short: 'o',
    argument: 'WHERE',
    repeatable: true,
    help: 'where events go: table (the default), json, json:FILE (makes a recording; appends), folded:FILE (stacks for a flame graph; appends), perfetto:FILE (a trace for Perfetto; appends), otlp-json:FILE (spans as lines of OTLP/JSON; appends), otlp, sdk (the same through the SDK of OpenTelemetry) or none; may be given more than once. Spans also go to the collector whenever an OTEL_EXPORTER_OTLP_* variable is set; without one, otlp sends them to http://localhost:4317',
    default: 'table',
    parse: parseOutput,
  },
  {
    name: 'rotate-size',
    argument: 'BYTES',
    help: 'when such a FILE would grow beyond this, such as 100M, it becomes FILE.1, FILE.1 becomes FILE.2, and so on. The agent has to own the folder (docs/deploy.md)',
    parse: parseFileSize,
  },
  {
    name: 'rotate-keep',
    argument: 'N',
    help: 'how many old files to keep (default 5)',
    default: '5',
    parse: parseKept,
  },
  ...SPOOL_FOLDER_OPTIONS,
  {
    name: 'stack',
    argument: 'PLACE',
    help: 'where a span carries the kernel stack: event (the default), attribute, both or none',
    default: 'event',
    parse: parseChoice(STACK_PLACES),
  },
  {
    name: 'resource',
    argument: 'WHOSE',
    help: "the resource of a span: service (the default), the stalled process's service; or host, the agent's own for all spans",
    default: 'service',
    parse: parseChoice(RESOURCES),
  },
  { name: 'kernel-stack', short: 'K', help: 'print the kernel stack under each row of the table' },
  {
    name: 'books',
    argument: 'FILE',
    help: 'at the end, write the books to this file as JSON as well',
    parse: parsePath,
  },
  {
    name: 'summary',
    help: 'at the end, print on stderr who waited for how long: by service, process, trigger and order',
  },
  ...LOG_OPTIONS,
  CONFIG_OPTION,
  ...INFORMATION_OPTIONS,
] as const;

const TRACE_URL_OPTION = {
  name: 'trace-url',
  argument: 'URL',
  help: 'link each stall on the page to its trace: the address of a trace in your backend, with {traceId}, and where it needs them {spanId}, {startMs} and {endMs}, such as http://localhost:16686/trace/{traceId}',
  parse: parseTraceUrl,
} as const;

export const RUN_OPTIONS = [
  { name: 'duration', short: 'd', argument: 'SECONDS', help: 'stop after this time', parse: parseSeconds },
  ...FILTER_OPTIONS,
  {
    name: 'max-spans-per-second',
    argument: 'N',
    help: 'in a storm, only about the N longest compactions a second, and the first ones of each trigger and cgroup; a burst of 25 times N passes whole. The rest is counted, and reported by a span a second. A number, or off (default 200)',
    default: '200',
    parse: parseRate,
  },
  {
    name: 'stack-budget',
    argument: 'SHARE',
    help: `the most time for stacks, in percent of the compactions' own time, on top of about 1 ms a second on each CPU (default ${STACK_BUDGET}). When it is used up, compactions too short for their stack are recorded without it. off takes all stacks`,
    default: STACK_BUDGET,
    parse: parseShare,
  },
  {
    name: 'stack-min-duration',
    argument: 'TIME',
    help: 'take no stack of compactions shorter than this, such as 100us (default 0s)',
    default: '0s',
    parse: parseDuration,
  },
  {
    name: 'context',
    argument: 'RELATION',
    help: "how a stall relates to the application's span that was active in its thread: child (the default) if that span is known to be sampled, otherwise a link; child-always, even if that is not known; link; or off (no lookup)",
    default: 'child',
    parse: parseChoice(RELATIONS_WANTED),
  },
  {
    name: 'verify',
    help: 'at the end, compare the pages scanned with /proc/vmstat; exit with 4 if they differ by a single page',
  },
  {
    name: 'pin',
    argument: 'DIR',
    help: 'keep the BPF programs attached in this folder of a BPF file system, such as /sys/fs/bpf/compactstall, when the agent ends or is killed: the next one with the same options goes on, and nothing is missed in between (docs/cli.md)',
    parse: parsePath,
  },
  {
    name: 'pin-ttl',
    argument: 'TIME',
    help: `with --pin, stop recording when no agent was there for this long, such as 600s (default ${PIN_TTL})`,
    default: PIN_TTL,
    parse: parseTtl,
  },
  STATUS_SOCKET_OPTION,
  {
    name: 'live',
    argument: 'ADDRESS',
    bare: LIVE_ADDRESS,
    help: `show it in a browser while it runs: a page at HOST:PORT, [IPV6]:PORT or :PORT (${LIVE_ADDRESS} without ADDRESS). Beyond this host, the page's address has a token (docs/live.md)`,
    parse: parseLive,
  },
  TRACE_URL_OPTION,
  {
    name: 'ring-size',
    argument: 'BYTES',
    help: `size of the kernel ring buffer, a power of two such as 512K or 16M (default ${RING_SIZE})`,
    default: RING_SIZE,
    parse: parseRingSize,
  },
  USER_OPTION,
  PROCFS_OPTION,
  {
    name: 'attach',
    argument: 'PLAN',
    help: 'how to attach: tp_btf, fentry or kprobe (default: the first that works on this kernel; compactstall doctor shows which)',
    parse: parseChoice(PLAN_NAMES),
  },
  {
    name: 'btf',
    argument: 'FILE',
    help: "the kernel's types (BTF), for a kernel that does not provide them itself",
    parse: parseFile,
  },
  ...OUTPUT_OPTIONS,
] as const;

export const REPLAY_OPTIONS = [...FILTER_OPTIONS, ...OUTPUT_OPTIONS] as const;

export const SUMMARY_OPTIONS = [
  { name: 'json', help: 'print the summary as JSON' },
  ...FILTER_OPTIONS,
  ...INFORMATION_OPTIONS,
] as const;

export const REPORT_OPTIONS = [
  {
    name: 'output-file',
    short: 'o',
    argument: 'FILE',
    help: 'write the report to this file instead of standard output',
    parse: parsePath,
  },
  TRACE_URL_OPTION,
  ...FILTER_OPTIONS,
  ...INFORMATION_OPTIONS,
] as const;

export const CORRELATE_OPTIONS = [
  {
    name: 'otlp-json',
    argument: 'FILE',
    help: "the applications' spans: lines of OTLP/JSON, as the file exporter of a Collector writes them, or - for standard input",
    parse: parseFileOrInput,
  },
  {
    name: 'jaeger',
    argument: 'URL',
    help: "the applications' spans: in a Jaeger 2, such as http://127.0.0.1:16686",
    parse: parseUrl,
  },
  {
    name: 'tempo',
    argument: 'URL',
    help: "the applications' spans: in Grafana Tempo, such as http://127.0.0.1:3200",
    parse: parseUrl,
  },
  {
    name: 'host',
    argument: 'HOST',
    help: 'the host of the stalls, as host.name or host.id of the spans say it (default: the one of the recording)',
    parse: parseHost,
  },
  {
    name: 'top',
    argument: 'N',
    help: 'how many spans to print, those that were stalled for longest (default 20)',
    default: '20',
    parse: parseKept,
  },
  {
    name: 'wait',
    argument: 'TIME',
    help: 'how long ago the last stall has to be before the spans are read, as tracers and Collectors send them late (default 10s)',
    default: '10s',
    parse: parseDuration,
  },
  { name: 'json', help: 'print them as JSON' },
  ...FILTER_OPTIONS,
  ...INFORMATION_OPTIONS,
] as const;

/** The filters among the values of `replay`, `summary`, `report` or `correlate`. */
export function selectionOf(values: Values<typeof FILTER_OPTIONS>): Selection {
  return {
    ...(values.pid !== undefined && { pid: values.pid }),
    ...(values.trigger && { triggers: values.trigger }),
    ...(values['min-duration'] !== undefined && { minDurationNs: values['min-duration'] }),
  };
}

/** How files are rotated; undefined if they are not. */
export function rotationOf(values: InForce<typeof OUTPUT_OPTIONS>): Rotation | undefined {
  const bytes = values['rotate-size'];
  return bytes === undefined ? undefined : { bytes, keep: values['rotate-keep'] };
}

/** The spool that is wanted; undefined if none is. @param owner who the agent is when it uses it */
export function spoolOf(values: InForce<typeof SPOOL_FOLDER_OPTIONS>, owner?: UserIds): SpoolWish | undefined {
  if (values.spool === undefined) return undefined;
  return { path: values.spool, bytes: values['spool-size'], ageMs: values['spool-age'], ...(owner && { owner }) };
}

export const CONFIG_OPTIONS = [
  { name: 'json', help: 'print the settings as JSON', inFile: false },
  ...RUN_OPTIONS,
] as const;

export const UNPIN_OPTIONS = [...INFORMATION_OPTIONS] as const;

export const STATUS_OPTIONS = [
  { name: 'json', help: 'print the status as JSON', inFile: false },
  STATUS_SOCKET_OPTION,
  CONFIG_OPTION,
  ...INFORMATION_OPTIONS,
] as const;

export const SPOOL_OPTIONS = [
  { name: 'json', help: 'print the files as JSON', inFile: false },
  CONFIG_OPTION,
  ...INFORMATION_OPTIONS,
] as const;

export const DOCTOR_OPTIONS = [
  { name: 'json', help: 'print the checks as JSON' },
  { name: 'pid', short: 'p', argument: 'PID', help: 'check this process too', parse: parsePid, inFile: false },
  PROCFS_OPTION,
  ...SPOOL_FOLDER_OPTIONS,
  USER_OPTION,
  CONFIG_OPTION,
  ...INFORMATION_OPTIONS,
] as const;
