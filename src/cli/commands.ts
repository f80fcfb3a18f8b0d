// SPDX-License-Identifier: Apache-2.0
/** What each command is for: the one source of `--help`, the manual pages and the completion of shells. */
import { wrap } from '../terminal.ts';
import {
  CONFIG_OPTIONS,
  CORRELATE_OPTIONS,
  DOCTOR_OPTIONS,
  REPLAY_OPTIONS,
  REPORT_OPTIONS,
  RUN_OPTIONS,
  SPOOL_OPTIONS,
  STATUS_OPTIONS,
  SUMMARY_OPTIONS,
  UNPIN_OPTIONS,
} from './compactstall-options.ts';
import { formatOptions, type Option } from './options.ts';

export interface Command {
  name: string;
  /** What follows the name in the line of usage. */
  usage: string;
  /** One clause. */
  purpose: string;
  /** A paragraph. */
  description: string;
  options: readonly Option[];
}

const COLUMNS = 80;

export const RUN: Command = {
  name: 'run',
  usage: '[options]',
  purpose: 'show memory compactions as they happen, and send them as spans',
  description:
    "Turns the kernel's memory compactions into OpenTelemetry spans and a table. Needs root, or CAP_BPF and CAP_PERFMON; CAP_SYSLOG for symbols in stacks; and CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH for the services and spans of other users' processes.",
  options: RUN_OPTIONS,
};

/** The commands besides `run`, in the order of `--help`. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'replay',
    usage: 'FILE [options]',
    purpose: 'send a recording of memory compactions to the same outputs',
    description:
      'replay FILE sends a recording (the output of --output json) to the same outputs and produces the same spans. It takes --pid, --min-duration, --trigger and the options from --output on. It needs no root.',
    options: REPLAY_OPTIONS,
  },
  {
    name: 'summary',
    usage: 'FILE [--json] [options]',
    purpose: 'print who waited for how long in a recording',
    description:
      'summary FILE prints who waited for how long in a recording: by service, process, trigger and order, longest first. It takes --pid, --min-duration and --trigger.',
    options: SUMMARY_OPTIONS,
  },
  {
    name: 'report',
    usage: 'FILE [-o FILE] [--trace-url URL] [options]',
    purpose: 'make a recording into one HTML file, to look at in a browser',
    description:
      'report FILE makes a recording into one HTML file, to standard output or to the file of --output-file: timeline, heat map, who waited, stacks, zones, and each stall in full (docs/report.md). It loads nothing from elsewhere. Beyond 5000 stalls, the longest are shown in full; all are in its sums. FILE may be - for standard input, as with replay and summary. It takes --pid, --min-duration and --trigger.',
    options: REPORT_OPTIONS,
  },
  {
    name: 'correlate',
    usage: 'FILE --otlp-json FILE|--jaeger URL|--tempo URL',
    purpose: 'print which spans of applications the stalls of a recording were in',
    description:
      'correlate FILE prints which spans of applications the stalls of a recording were in, longest first, and how sure that is. The spans come from a file (--otlp-json FILE), from Jaeger (--jaeger URL) or from Grafana Tempo (--tempo URL). FILE may be - for standard input, into which an agent writes: it is read to its end. correlate is for applications whose tracers publish nothing; their resource needs process.pid. It takes --host, --top, --wait, --pid, --min-duration and --trigger (docs/correlate.md).',
    options: CORRELATE_OPTIONS,
  },
  {
    name: 'doctor',
    usage: '[--json] [--pid PID] [--spool DIR] [options]',
    purpose: 'check whether this host can run compactstall',
    description:
      "doctor checks whether this host can run the agent, how it would attach, what to expect here, and how to fix what is missing. With --pid it also reports that process's service, and whether its stalls will be children of its spans, linked to them or roots, and why. With --spool it looks at that folder as run would use it, with the same --spool-size, --spool-age and --user. It also takes --procfs and --config. It needs no root and changes nothing.",
    options: DOCTOR_OPTIONS,
  },
  {
    name: 'config',
    usage: '[--json] [options]',
    purpose: 'print the settings in force, and where each comes from',
    description:
      'config prints the settings in force, and where each comes from: an option, a variable, a line of the configuration file, or the default. Secrets are hidden. It takes the options of run.',
    options: CONFIG_OPTIONS,
  },
  {
    name: 'status',
    usage: '[--json] [--status-socket PATH] [--config FILE]',
    purpose: 'ask a running agent how it is',
    description:
      'status asks a running agent how it is: books, rates, queue, last errors, and who waited longest. The agent has to run with the same --status-socket.',
    options: STATUS_OPTIONS,
  },
  {
    name: 'spool',
    usage: 'ls|verify|export|send DIR [--json] [--config FILE]',
    purpose: 'look into the folder of --spool, or export or send what is in it',
    description:
      'spool ls DIR lists the files of a spool: requests, spans, and since when they wait. spool verify DIR does so too, and fails where one is damaged. spool export DIR prints what waits as lines of OTLP/JSON, one request a line, and fails where something cannot be read. spool send DIR sends what waits to the collector, as the owner of the folder, while no agent uses it; it fails where something stays.',
    options: SPOOL_OPTIONS,
  },
  {
    name: 'unpin',
    usage: 'DIR',
    purpose: 'remove the programs that run --pin has left attached',
    description:
      'unpin DIR removes the programs that run --pin DIR has left attached, and the folder. What they had recorded, and no agent has read, is gone. It does nothing where there is no such folder, and fails while an agent uses it.',
    options: UNPIN_OPTIONS,
  },
];

/** What the environment variables do. */
export const ENVIRONMENT =
  'Spans go to the collector that the standard OTEL_EXPORTER_OTLP_* variables name, over gRPC, or over HTTP with OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf. OTEL_METRICS_EXPORTER=otlp sends metrics there too; =prometheus lets Prometheus read them at http://127.0.0.1:9464/metrics.';

export const SIGNALS =
  'SIGUSR2 prints the books so far. SIGHUP opens json:FILE again, which logrotate has renamed; without such a file, or with a terminal, it ends the run. Under systemd (Type=notify) it is a reload, and ends nothing.';

export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'success, every event is accounted for'],
  [1, 'failure'],
  [2, 'wrong usage'],
  [3, 'this host cannot run it'],
  [4, 'events were lost (the end of the output says how many and why)'],
];

const usages = [
  `compactstall [run] ${RUN.usage}`,
  ...COMMANDS.map(({ name, usage }) => `compactstall ${name} ${usage}`),
];
const exitCodes = EXIT_CODES.map(([code, meaning]) => `${code} ${meaning}`).join('; ');
const paragraph = (text: string) => wrap(text, COLUMNS).join('\n');

export const HELP = `Usage: ${usages.join('\n       ')}

${paragraph(RUN.description)}

${formatOptions(RUN_OPTIONS)}

${[...COMMANDS.map(({ description }) => description), ENVIRONMENT, SIGNALS, `Exit codes: ${exitCodes}.`].map(paragraph).join('\n\n')}
`;

/** The help of one of COMMANDS. */
export function helpOf(command: string): string {
  const { name, usage, description, options } = COMMANDS.find((each) => each.name === command)!;
  return `Usage: compactstall ${name} ${usage}

${paragraph(description)}

${formatOptions(options)}

${paragraph('compactstall --help has all commands, the variables, signals and exit codes.')}
`;
}
