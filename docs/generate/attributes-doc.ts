// SPDX-License-Identifier: Apache-2.0
import { SOURCE_LOSSES } from '../../src/event/source-losses.ts';
import { METRICS } from '../../src/metrics/instruments/all.ts';
import {
  SPAN_ATTRIBUTES,
  SPAN_NAME_PREFIX,
  type SpanAttribute,
  STACK_ATTRIBUTE,
  STACK_EVENT,
} from '../../src/sinks/otlp/attributes.ts';
import { NOT_RECORDED_ATTRIBUTES, NOT_RECORDED_SPAN } from '../../src/sinks/otlp/not-recorded-attributes.ts';
import { IDLE_S, MAX_RESOURCES } from '../../src/sinks/otlp/resources.ts';
import { DEFAULT_BATCH, DEFAULT_DELAY_MS, DEFAULT_QUEUE } from '../../src/sinks/otlp/settings.ts';
import { STACK_OMITTED, VALUES, type ValueTable } from './values.ts';

/** A bar inside a cell would end it. */
const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const code = (text: string) => `\`${text}\``;

const KINDS = { counter: 'counter', updown: 'up-down counter', gauge: 'gauge', histogram: 'histogram' } as const;

/** docs/attributes.md, made from the table that makes the spans, so that the two cannot differ. */
export function attributesDoc(): string {
  const own = SPAN_ATTRIBUTES.filter(({ semconv }) => !semconv);
  const standard = SPAN_ATTRIBUTES.filter(({ semconv }) => semconv);
  return [
    '<!-- Written by `npm run generate` from docs/generate/, src/sinks/otlp/attributes.ts and src/metrics/instruments/: change those instead. -->',
    '# What a span says, and a metric',
    '',
    'This page answers: *what does this attribute, or this value, mean exactly?* What a stall means, and what to change, is in',
    '[reading-a-stall.md](reading-a-stall.md).',
    '',
    'One span is one memory compaction of one zone. In a storm, or after a loss, there is also a span for those [without one](#what-was-not-recorded).',
    '',
    `- Name: ${code(`${SPAN_NAME_PREFIX} direct`)}, ${code(`${SPAN_NAME_PREFIX} kcompactd`)}, ` +
      `${code(`${SPAN_NAME_PREFIX} proactive`)} or ${code(`${SPAN_NAME_PREFIX} manual`)}. Kind: INTERNAL.`,
    '- Start and end are the kernel’s, to the nanosecond.',
    '- The span’s status is left unset: a compaction that makes no block is an answer of the kernel, not an error of a program.',
    '  Read `compaction.status`.',
    '',
    '## Attributes of compactstall',
    '',
    table(own),
    '',
    '## Attributes from the semantic conventions',
    '',
    table(standard),
    '',
    'Types are exact on the wire: an `int` is always an int, and a `double` is always a double, also when its value is integral',
    '(-1, 0, 1). `{page}` and `{block}` are counts; a page is 4 KiB on x86-64, and 4, 16 or 64 KiB on arm64.',
    '',
    'An application may publish attributes with its active span, such as `datadog.local_root_span_id`. The stall has these as well;',
    'see [contexts.md](contexts.md).',
    '',
    '## The kernel stack',
    '',
    `The span event ${code(STACK_EVENT)} has the attribute ${code(STACK_ATTRIBUTE)}: one \`symbol+0xoffset [module]\` a line,`,
    'innermost first. The event is at the span’s end, where the stack is taken. `--stack attribute` puts',
    `${code(STACK_ATTRIBUTE)} on the span instead, \`--stack both\` on both, \`--stack none\` on neither. Without a stack there is no`,
    'event. OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT cuts it like every string.',
    '',
    'Where a stack was wanted but is missing, `compaction.stack.omitted` says why:',
    '',
    row('value', 'meaning'),
    row('---', '---'),
    ...STACK_OMITTED.map(([reason, meaning]) => row(code(reason), meaning)),
    '',
    ...VALUES.flatMap(valuesOf),
    '## What was not recorded',
    '',
    `A span ${code(NOT_RECORDED_SPAN)} stands for the compactions that \`--max-spans-per-second\` left out within a second or so`,
    '([cli.md](cli.md#the-limit-for-spans)), or that were lost within that time ([cli.md](cli.md#what-is-lost)). It is the root of a separate trace,',
    'and has the host’s resource. Over a run its numbers are exact: added to the spans, they are all compactions that the filters let pass.',
    'OTEL_TRACES_SAMPLER leaves none of them out, so that sampling hides no gap; only `always_off` does. With `-o sdk` the SDK’s sampler decides.',
    '',
    'Of compactions that were left out, the span starts with the first and ends with the last. Those that were lost were lost between its start and its',
    'end: earlier losses are in earlier spans. A compaction that was lost when it ended may have begun before the start.',
    '',
    table(NOT_RECORDED_ATTRIBUTES),
    '',
    row('reason', 'meaning'),
    row('---', '---'),
    row(code('rate'), 'More compactions than `--max-spans-per-second` allows. They are not lost.'),
    ...SOURCE_LOSSES.map(({ reason, text }) => row(code(reason), `Lost: ${text}.`)),
    '',
    '[troubleshooting.md](troubleshooting.md#exit-code-4) says what to do about each. Losses of an output have the reasons of its books',
    '([reliability.md](reliability.md#a-gap-is-visible)).',
    '',
    '## The resource',
    '',
    'A span has the resource of the **stalled process’s service**. It comes from the first of these that is known:',
    '',
    '1. the resource that the process publishes as its process context (OTEP 4719);',
    '2. OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME in the environment that the process was started with. SDKs disagree about',
    '   malformed values; here the first `=` splits, what cannot be decoded stays as it is, and only a bad pair is left out;',
    '3. its executable: `service.name` is then `unknown_service:` and the executable’s name, as the conventions define it. A service',
    '   of 1 or 2 without `service.name` is named in the same way.',
    '',
    '| attribute | from |',
    '| --- | --- |',
    '| `service.name` | always there, by the list |',
    '| everything of 1 or 2 | strings, numbers, booleans, and lists of these; at most 64 attributes, 1024 characters each, 8192 in all |',
    '| `container.id` | the process’s own resource, or else its cgroup, version 1 or 2, where the id is 64 hexadecimal digits (Docker, containerd, CRI-O, podman). An agent in a container with its own cgroup namespace sees the ids of other containers, but not of its own. The Collector’s k8sattributes processor turns it into names of pods |',
    '| `host.*`, `os.*` | this host, whatever the process says: a container’s `host.name` is the container’s. If the agent itself is in a container with its own UTS namespace, it knows neither `host.name` nor `host.id` for sure: the process’s own then come first, unless OTEL_RESOURCE_ATTRIBUTES of the agent sets them. In a replay: the host of the recording |',
    '| `cloud.*`, `k8s.node.*`, `k8s.cluster.*` | the process’s own resource, or else the agent’s OTEL_RESOURCE_ATTRIBUTES |',
    '',
    'A service’s `process.*` attributes are left out, except `process.runtime.*`: the spans have them, and all processes of a service',
    'share its resource. Equal resources are one ResourceSpans in a request. An attribute with an empty value is not sent.',
    '',
    '**The host’s resource** is used for kernel threads, for all spans with `--resource host`, and for processes outside of the agent’s PID',
    'namespace ([deploy.md](deploy.md#pid-namespaces)). It is the agent’s resource: `service.name` is OTEL_SERVICE_NAME, or else `compactstall`.',
    '`host.name`, `host.arch`, `os.type` and `os.version` are always there, `host.id` where /etc/machine-id is; `service.instance.id` differs from run to run,',
    'and OTEL_RESOURCE_ATTRIBUTES adds to them. The agent’s `process.*` attributes are left out, because `process.pid` is the stalled',
    'process’s. OTEL_NODE_RESOURCE_DETECTORS=all brings them back.',
    '',
    '### When a service is known',
    '',
    '- **Rights.** Looking into a process of another user needs CAP_SYS_PTRACE, which root has. Without it `service.name` is',
    '  `unknown_service:` and the name of the main thread. `container.id` is known all the same.',
    '- **Time.** A process is identified when its first stall is read, up to 50 ms later, and checked again with each batch of stalls. An',
    '  exec, or another process with the same pid, is noticed at once. So is a context that is published, where publications are reported',
    '  ([contexts.md](contexts.md#when-a-process-is-known)). Otherwise a changed context is noticed within a second of stalling, and',
    '  a *first* one is searched for after 1, 3, 7, ... seconds, later every minute.',
    '- **Processes that have ended** keep their service if they were seen within the second before. One that was forked and had not called exec',
    '  has the service of its parent, if that was seen and ran the same program. Otherwise the main thread’s name takes the',
    '  place of the executable’s (`unknown_service:sh`). For other threads it is `unknown_service` alone: names of threads are not services. A main',
    '  thread that had another name when it stalled is treated as a process that has ended.',
    '- **Processes that make their readers wait**, for example because a thread that stalls for seconds has locked the memory map, are left',
    '  alone for a minute. They keep a service that is known. A service that is not known yet is the name of the main thread.',
    '- **Names that are set in code** and not published cannot be known.',
    `- **Beyond ${MAX_RESOURCES} resources** that stalled within ${IDLE_S / 60} minutes, further ones get the host’s. The agent reports this.`,
    '',
    ...METRICS_SECTION,
    '## The variables',
    '',
    'OTEL_* variables mean what they mean to the OpenTelemetry SDK for JavaScript; test/backends/conformance.test.ts',
    'compares the two. These differences are intended:',
    '',
    '- The protocol is gRPC unless OTEL_EXPORTER_OTLP_PROTOCOL says `http/protobuf`; `http/json` is not supported.',
    '- A value that cannot be used ends the agent with a sentence before anything is loaded, where the SDK takes its default, and where',
    '  it leaves out a header or drops all attributes of OTEL_RESOURCE_ATTRIBUTES. An attribute without a value is left out.',
    '- OTEL_CONFIG_FILE is read, and variables count before it ([configuration.md](configuration.md#what-counts)).',
    '- A proxy is chosen by the rules that most tools share, the same for gRPC and HTTP.',
    `- OTEL_BSP_MAX_QUEUE_SIZE is ${DEFAULT_QUEUE} by default, OTEL_BSP_MAX_EXPORT_BATCH_SIZE ${DEFAULT_BATCH}, OTEL_BSP_SCHEDULE_DELAY ${DEFAULT_DELAY_MS} ms. A request that failed is tried again.`,
    '- OTEL_NODE_RESOURCE_DETECTORS cannot take `host.*` and `os.*` away, and OTEL_RESOURCE_ATTRIBUTES comes last in any order.',
    '- A double whose value is integral stays a double; the SDK sends it as an int.',
    '',
  ].join('\n');
}

const METRICS_SECTION = [
  '## Metrics',
  '',
  'Metrics are off unless OTEL_METRICS_EXPORTER asks for them ([cli.md](cli.md#metrics)). Their resource is the agent’s. The kernel itself adds up',
  '`compaction.duration`, `compaction.pages_scanned` and `compaction.stall.*`, so they have every compaction from the attach on, also',
  'those that a filter leaves out or that are lost on their way.',
  '',
  row('name', 'kind', 'unit', 'labels', 'meaning'),
  row('---', '---', '---', '---', '---'),
  ...METRICS.map(({ name, kind, unit, labels, meaning, absent }) =>
    row(
      code(name),
      KINDS[kind],
      unit === '' ? '' : code(unit),
      labels.map(code).join(', '),
      absent === undefined ? meaning : `${meaning} Absent ${absent}.`,
    ),
  ),
  '',
  'Labels mean what the attributes of spans mean. Others:',
  '',
  '- `otel.metric.overflow` is `true` on the one point with all that had no room: beyond 1024 combinations of labels, or 4096 cgroups.',
  '- `container.id` and `service.name` of a cgroup become known with its first recorded stall. A cgroup with stalls of several services has',
  '  no `service.name`.',
  '- `compaction.books.account` is the left side of a line of [the books](../ARCHITECTURE.md#the-books), and `compaction.books.term` a term of its',
  '  right side, or `total`, the left side itself. Two lines begin with the same word: the accounts `contexts` (of begins) and `stacks` (of',
  '  pairs) are the second ones.',
  '',
  'An exemplar is a value with the trace and span id of its stall: a dashboard can lead from a point to the trace. There are up to three for each',
  'point, the longest since the last export, and none where spans are not sent or where OTEL_TRACES_SAMPLER leaves some out.',
  '',
  'Prometheus appends units and `_total`: `compaction_duration_seconds`, `compaction_pages_scanned_total`. As read from the agent itself, the',
  'histogram has a classic bucket for each power of two; over OTLP it is a native histogram.',
  '',
];

function table(attributes: readonly Omit<SpanAttribute, 'get'>[]): string {
  const rows = attributes.map(({ name, type, unit, meaning, example, absent }) => {
    const text = absent === undefined ? meaning : `${meaning} Absent ${absent}.`;
    return row(code(name), type, unit === undefined ? '' : code(unit), text, code(example));
  });
  return [row('name', 'type', 'unit', 'meaning', 'example'), row('---', '---', '---', '---', '---'), ...rows].join(
    '\n',
  );
}

function valuesOf({ title, before, rows }: ValueTable): string[] {
  const lines = rows.map(([value, meaning]) => row(code(value), meaning));
  return [`## ${title}`, '', before, '', row('value', 'meaning'), row('---', '---'), ...lines, ''];
}
