// SPDX-License-Identifier: Apache-2.0
import { PLAN_NAMES } from '../live/attach-plan.ts';
import type { ResourceOf } from '../sinks/otlp/resources.ts';
import type { StackPlace } from '../sinks/otlp/span-writer.ts';
import { formatOptions } from './options.ts';
import {
  parseChoice,
  parseDuration,
  parseFile,
  parseOutput,
  parsePid,
  parseRingSize,
  parseSeconds,
  parseTriggers,
  parseUser,
} from './values.ts';

const STACK_PLACES: readonly StackPlace[] = ['event', 'attribute', 'both', 'none'];
const RESOURCES: readonly ResourceOf[] = ['service', 'host'];

const INFORMATION_OPTIONS = [
  { name: 'help', short: 'h', help: 'print this' },
  { name: 'version', short: 'V', help: 'print the version' },
] as const;

/** Options that say where events go; `run` and `replay` share them. */
const OUTPUT_OPTIONS = [
  {
    name: 'output',
    short: 'o',
    argument: 'WHERE',
    repeatable: true,
    help: 'table (the default), json, json:FILE (appends; a recording), otlp, or none; may be given more than once. Spans also go to the collector whenever an OTEL_EXPORTER_OTLP_* variable is set; otlp sends them to http://localhost:4317 when none is',
    parse: parseOutput,
  },
  {
    name: 'stack',
    argument: 'PLACE',
    help: 'where a span carries the kernel stack: event (the default), attribute, both or none',
    parse: parseChoice(STACK_PLACES),
  },
  {
    name: 'resource',
    argument: 'WHOSE',
    help: "a span's resource: service (the default), the stalled process's service; or host, this agent's own for all spans",
    parse: parseChoice(RESOURCES),
  },
  { name: 'kernel-stack', short: 'K', help: 'print the kernel stack under each row of the table' },
  { name: 'verbose', short: 'v', help: 'say more on stderr: loader and verifier messages, run-time statistics' },
  ...INFORMATION_OPTIONS,
] as const;

export const RUN_OPTIONS = [
  { name: 'duration', short: 'd', argument: 'SECONDS', help: 'end after this time', parse: parseSeconds },
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
    help: 'only these triggers: some of direct,kcompactd,proactive,manual',
    parse: parseTriggers,
  },
  {
    name: 'stack-min-duration',
    argument: 'TIME',
    help: 'take no stack of shorter compactions, such as 100us: a stack is most of what a compaction is charged (default 0: take all)',
    parse: parseDuration,
  },
  {
    name: 'context',
    argument: 'RELATION',
    help: "what a stall is to the application's span that was active in its thread: child (the default), link, or off: not looked for",
    parse: parseChoice(['child', 'link', 'off']),
  },
  {
    name: 'verify',
    help: 'at the end compare the pages scanned with /proc/vmstat: equal to the page, or exit code 4',
  },
  {
    name: 'ring-size',
    argument: 'BYTES',
    help: 'kernel ring buffer, a power of two such as 512K or 16M (default 4M)',
    parse: parseRingSize,
  },
  {
    name: 'user',
    argument: 'NAME',
    help: 'whom root becomes once everything is attached: a name of /etc/passwd, UID or UID:GID (default nobody); root stays root',
    parse: parseUser,
  },
  {
    name: 'attach',
    argument: 'PLAN',
    help: 'how to attach: tp_btf, fentry or kprobe. By default the first that this kernel takes, see compactstall doctor',
    parse: parseChoice(PLAN_NAMES),
  },
  {
    name: 'btf',
    argument: 'FILE',
    help: "the kernel's types, for a kernel that does not describe them itself",
    parse: parseFile,
  },
  ...OUTPUT_OPTIONS,
] as const;

export const REPLAY_OPTIONS = OUTPUT_OPTIONS;

export const DOCTOR_OPTIONS = [
  { name: 'json', help: 'print the checks as JSON' },
  { name: 'pid', short: 'p', argument: 'PID', help: 'look at this process as well', parse: parsePid },
  ...INFORMATION_OPTIONS,
] as const;

export const HELP = `Usage: compactstall [run] [options]
       compactstall replay FILE [options]
       compactstall doctor [--json] [--pid PID]

Turns the kernel's memory compactions into OpenTelemetry spans and a table.
Needs root, or CAP_BPF and CAP_PERFMON; CAP_SYSLOG for stack symbols, and
CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH for services and spans of other users.

${formatOptions(RUN_OPTIONS)}

replay FILE sends a recording (lines of --output json) to the same outputs and
gives the same spans; it takes the options from --output on, and needs no root.

doctor says whether this host can run it and how it would attach, what to expect
here, and what to do about each thing that is missing; with --pid also of which
service that process is, and whether its stalls will stand in its traces, or why
not. Needs no root.

Spans go to the collector that the standard OTEL_EXPORTER_OTLP_* variables
name, over gRPC, or HTTP with OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.

Exit codes: 0 fine, and every event is accounted for; 1 failure; 2 usage;
3 this host cannot run it; 4 events were lost (how many, and why, is printed).
`;
